package run

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"raftkv/harness/cluster"
	"raftkv/harness/recorder"
	"raftkv/history"
)

// told is nodes that say what a test wants; a node it says nothing of hangs
// until the asker loses patience.
type told struct {
	mu    sync.Mutex
	says  map[int]cluster.Status
	asked map[int]int
}

func (s *told) Nodes() []int { return []int{1, 2, 3} }

func (s *told) Status(ctx context.Context, id int) (cluster.Status, error) {
	s.mu.Lock()
	status, ok := s.says[id]
	s.asked[id]++
	s.mu.Unlock()
	if !ok {
		<-ctx.Done()
		return status, errors.New("paused")
	}
	return status, nil
}

func (s *told) say(id int, status cluster.Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.says[id] = status
}

func (s *told) hush(id int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.says, id)
}

func watch(t *testing.T, s *told) (*Observer, Folder) {
	t.Helper()
	f := Folder{Path: t.TempDir()}
	clock := recorder.NewClock()
	log, err := f.NewLog(clock)
	require.NoError(t, err)
	o := Observe(s, clock, log)
	t.Cleanup(func() {
		o.Stop()
		require.NoError(t, log.Close())
	})
	return o, f
}

func who(points []history.LeaderPoint) string {
	var names []string
	for _, p := range points {
		names = append(names, p.Node)
	}
	return strings.Join(names, ",")
}

func TestTheObserverFollowsTheLeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &told{says: map[int]cluster.Status{
			1: {Role: "leader", Term: 1}, 2: {Role: "follower", Term: 1}, 3: {Role: "follower", Term: 1},
		}, asked: map[int]int{}}
		o, f := watch(t, s)
		time.Sleep(time.Second)
		require.Equal(t, "1", who(o.Leaders()))

		s.hush(1)
		time.Sleep(time.Second)
		require.Equal(t, "1,", who(o.Leaders()), "a leader that stays silent leads no more")

		s.say(2, cluster.Status{Role: "leader", Term: 2})
		time.Sleep(time.Second)
		s.say(1, cluster.Status{Role: "leader", Term: 1})
		time.Sleep(time.Second)
		require.Equal(t, "1,,2", who(o.Leaders()), "an old leader's claim to a lower term does not count")

		s.say(2, cluster.Status{Role: "follower", Term: 2})
		time.Sleep(time.Second)
		require.Equal(t, "1,,2,", who(o.Leaders()))
		last, ok := o.Last(2)
		require.True(t, ok)
		require.Equal(t, "follower", last.Role)

		data, err := os.ReadFile(f.File(EventsFile))
		require.NoError(t, err)
		require.Equal(t, 5, strings.Count(string(data), KindStatus), "only changes are written:\n%s", data)
	})
}

func TestASilentNodeDoesNotHoldUpTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &told{says: map[int]cluster.Status{1: {Role: "leader", Term: 1}, 2: {}}, asked: map[int]int{}}
		o, _ := watch(t, s)
		time.Sleep(10*time.Second + time.Millisecond)
		s.mu.Lock()
		defer s.mu.Unlock()
		require.InDelta(t, 200, s.asked[1], 2)
		require.InDelta(t, 200, s.asked[2], 2)
		require.InDelta(t, 50, s.asked[3], 2)
		_, ok := o.Last(3)
		require.False(t, ok)
	})
}

func TestOneMissedAnswerIsNoLostLeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &told{says: map[int]cluster.Status{1: {Role: "leader", Term: 1}, 2: {}, 3: {}}, asked: map[int]int{}}
		o, _ := watch(t, s)
		time.Sleep(time.Second)
		s.hush(1)
		time.Sleep(askPatience)
		s.say(1, cluster.Status{Role: "leader", Term: 1})
		time.Sleep(time.Second)
		require.Equal(t, "1", who(o.Leaders()))
	})
}

func TestTheEventLogIsStampedInOrder(t *testing.T) {
	f := Folder{Path: t.TempDir()}
	log, err := f.NewLog(recorder.NewClock())
	require.NoError(t, err)
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			for range 25 {
				log.Note("%d percent", 100)
			}
		})
	}
	wait.Wait()
	require.NoError(t, log.Close())
	data, err := os.ReadFile(f.File(EventsFile))
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	require.Len(t, lines, 100)
	last := int64(-1)
	for _, line := range lines {
		var e Event
		require.NoError(t, json.Unmarshal([]byte(line), &e))
		require.GreaterOrEqual(t, e.Time, last)
		require.Equal(t, "100 percent", e.Text)
		last = e.Time
	}
	log.Note("too late")
	require.Error(t, log.Close())
}
