package run

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"raftkv/harness/cluster"
	"raftkv/history"
)

// behind is what the table says of a node.
func behind(t history.Lags, node string) []int64 {
	i := slices.IndexFunc(t.Nodes, func(n history.NodeLags) bool { return n.Node == node })
	if i < 0 {
		return nil
	}
	return t.Nodes[i].Behind
}

func TestALagIsWhatIsNotYetApplied(t *testing.T) {
	var l lags
	const slice = finestSlice
	l.silent(3) // before anyone said anything
	l.heard(1, 1000, cluster.Status{Commit: 50, Applied: 50}, true)
	l.heard(2, 1000+slice, cluster.Status{Commit: 40, Applied: 30}, true)
	l.heard(1, 1000+slice, cluster.Status{Commit: 60, Applied: 60}, true)
	l.heard(2, 1001+slice, cluster.Status{Commit: 60, Applied: 58}, true) // the worst of a slice counts
	l.silent(2)
	l.heard(3, 1000+3*slice, cluster.Status{Commit: 1, Applied: 1}, false) // it waits to be added
	l.heard(1, 1000+4*slice, cluster.Status{Commit: 61, Applied: 60}, true)
	l.heard(2, 1000+4*slice, cluster.Status{Commit: 61, Applied: 61}, true)
	got := l.table()
	require.EqualValues(t, 1000, got.From)
	require.EqualValues(t, slice, got.Width)
	require.Equal(t, []int64{0, 0, 1, 1, 1}, behind(got, "1"), "asked late, but it missed nothing")
	require.Equal(t, []int64{history.NoAnswer, 20, history.NoAnswer, history.NoAnswer, 0}, behind(got, "2"))
	require.Nil(t, behind(got, "3"), "nobody counts on it")
}

func TestLagsAreBoundedAndKeepTheWorst(t *testing.T) {
	var l lags
	for i := range int64(100_000) {
		s := cluster.Status{Commit: uint64(i) + 1, Applied: uint64(i) + 1}
		l.heard(1, i*finestSlice, s, true)
		switch {
		case i == 50_000:
			s.Applied -= 777
		case i > 70_000 && i < 90_000:
			l.silent(2)
			continue
		}
		l.heard(2, i*finestSlice, s, true)
	}
	got := l.table()
	require.LessOrEqual(t, len(got.Nodes[0].Behind), mostSlices)
	require.Greater(t, len(got.Nodes[0].Behind), mostSlices/4)
	two := behind(got, "2")
	require.EqualValues(t, 777, two[50_000*finestSlice/got.Width])
	require.EqualValues(t, history.NoAnswer, two[80_000*finestSlice/got.Width])
	require.EqualValues(t, 0, two[len(two)-1])
	require.EqualValues(t, 777, slices.Max(two))
}

func TestTheObserverRecordsLags(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		peers := map[string]cluster.PeerStatus{"2": {}}
		s := &told{says: map[int]cluster.Status{
			1: {Role: "leader", Term: 1, Commit: 90, Applied: 90, Peers: peers}, 2: {Role: "follower", Commit: 80, Applied: 70}, 3: {},
		}, asked: map[int]int{}}
		o, _ := watch(t, s)
		time.Sleep(time.Second)
		s.hush(2)
		s.hush(1) // the leader is gone and still a member
		time.Sleep(time.Second)
		s.say(1, cluster.Status{Role: "follower", Term: 1, Commit: 90, Applied: 85})
		time.Sleep(time.Second)
		one, two := behind(o.Lags(), "1"), behind(o.Lags(), "2")
		require.EqualValues(t, 0, one[2])
		require.EqualValues(t, history.NoAnswer, one[15])
		require.EqualValues(t, 5, one[len(one)-1])
		require.InDelta(t, 30, len(one), 2)
		require.EqualValues(t, 20, two[5])
		require.InDelta(t, 10, len(two), 2)
		require.Less(t, len(behind(o.Lags(), "3")), 2, "the leader does not know it")
	})
}
