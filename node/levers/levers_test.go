//go:build raftkv_faults

package levers

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"raftkv/raft"
)

// anew puts the clock back as it is at a start, within the caller's bubble.
func anew() {
	clock.real, clock.local, clock.percent = time.Now(), time.Now(), 100
	clear(clock.tickers)
}

func TestTheClockJumpsAheadAndRunsAtItsSpeedAndNeverGoesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		anew()
		start := Now()
		turn(time.Hour, 0)
		assert.Equal(t, time.Hour, Now().Sub(start))
		turn(0, 200)
		time.Sleep(time.Second)
		assert.Equal(t, time.Hour+2*time.Second, Now().Sub(start))
		turn(0, 50)
		time.Sleep(time.Second)
		turn(0, 100)
		time.Sleep(time.Second)
		assert.Equal(t, time.Hour+3500*time.Millisecond, Now().Sub(start), "what it gained it keeps")
	})
}

func TestTicksFollowTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		anew()
		tick := NewTicker(time.Second)
		defer tick.Stop()
		turn(0, 200)
		begun := time.Now()
		<-tick.C
		assert.Equal(t, 500*time.Millisecond, time.Since(begun))
	})
}

func TestADeadlineKeepsWhatIsLeftOfIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		anew()
		turn(time.Hour, 0)
		assert.Equal(t, time.Second, Local(time.Now().Add(time.Second)).Sub(Now()))
		assert.True(t, Local(time.Time{}).IsZero())
	})
}

// numbered makes messages to one peer.
func numbered(ns ...uint64) []raft.Message {
	var out []raft.Message
	for _, n := range ns {
		out = append(out, raft.Message{To: 2, Index: n})
	}
	return out
}

func TestMessagesAreLostSentTwiceAndOutOfOrder(t *testing.T) {
	for words, c := range map[string]struct {
		fates fates
		want  []raft.Message
	}{
		"lost":  {fates{LostPercent: 100}, nil},
		"twice": {fates{DuplicatedPercent: 100}, numbered(1, 1, 2, 2, 3, 3)},
		"swap":  {fates{ReorderedPercent: 100}, numbered(2, 1)}, // 3 waits for 4
		"whole": {fates{}, numbered(1, 2, 3)},
	} {
		network.fates = c.fates
		clear(network.held)
		got := Messages(numbered(1, 2, 3))
		require.Len(t, got, len(c.want), words)
		for i := range got {
			assert.Equal(t, c.want[i].Index, got[i].Index, words)
		}
	}
	network.fates = fates{}
	network.held[2] = numbered(3)[0]
	assert.Len(t, Messages(numbered(4)), 2, "what was held back goes with the next, also after the heal")
	network.fates = fates{LostPercent: 100}
	assert.Len(t, Messages([]raft.Message{{To: 2, Type: raft.MsgSnapshot}}), 1, "snapshots are left alone")
	network.fates = fates{}
}
