package tracker

import (
	"math/rand"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func newProgress(next uint64) *Progress {
	return New(next, NewInflights(2, 100))
}

func TestProbeSendsOneMessageUntilAnswered(t *testing.T) {
	p := newProgress(5)
	assert.False(t, p.Paused())
	assert.True(t, p.WantsEmpty(0))
	p.Sent(7, 10, 3)
	assert.True(t, p.Paused())
	assert.False(t, p.WantsEmpty(9))
	assert.Equal(t, uint64(5), p.Next, "a probe does not assume that it arrives")
}

func TestReplicatePipelinesUntilTheWindowIsFull(t *testing.T) {
	p := newProgress(5)
	p.Acked(4)
	p.BecomeReplicate()
	p.Sent(5, 10, 0)
	p.Sent(6, 10, 0)
	assert.True(t, p.Paused(), "two messages is the bound")
	assert.Equal(t, uint64(7), p.Next)
	assert.True(t, p.Acked(5))
	assert.False(t, p.Paused())
	p.Sent(7, 95, 0)
	assert.True(t, p.Acked(6))
	assert.False(t, p.Paused())
	p.Sent(8, 10, 0)
	assert.True(t, p.Acked(7))
	p.Sent(9, 95, 0)
	assert.True(t, p.Paused(), "105 bytes is above the bound")
}

func TestMatchNeverGoesDown(t *testing.T) {
	p := newProgress(5)
	assert.True(t, p.Acked(8))
	assert.False(t, p.Acked(8))
	assert.False(t, p.Acked(3))
	assert.Equal(t, uint64(8), p.Match)
	assert.Equal(t, uint64(9), p.Next)
	p.BecomeReplicate()
	assert.False(t, p.Rejected(8, 2), "a rejection of what matches is old")
	assert.True(t, p.Rejected(12, 2))
	assert.Equal(t, Probe, p.State)
	assert.Equal(t, uint64(9), p.Next, "never back to Match or below")
}

func TestProbeBelievesOnlyTheAnswerToItsProbe(t *testing.T) {
	p := newProgress(11)
	p.Sent(10, 0, 0)
	assert.False(t, p.Rejected(7, 3))
	assert.False(t, p.Rejected(12, 3))
	assert.True(t, p.Paused())
	assert.True(t, p.Rejected(10, 6))
	assert.Equal(t, uint64(7), p.Next)
	assert.False(t, p.Paused())
	assert.True(t, p.Rejected(6, 40), "a hint forward is no progress")
	assert.Equal(t, uint64(6), p.Next)
}

func TestSnapshotStopsAppendsUntilItsFateIsKnown(t *testing.T) {
	p := newProgress(3)
	p.BecomeSnapshot(20)
	assert.True(t, p.Paused())
	assert.False(t, p.WantsEmpty(30))
	assert.False(t, p.Rejected(19, 0), "not about the snapshot")
	p.BecomeProbe()
	assert.Equal(t, uint64(21), p.Next, "delivered: go on behind it")

	p.BecomeSnapshot(20)
	p.SnapshotFailed()
	assert.Equal(t, uint64(1), p.Next, "failed: go on behind what matches")

	p.BecomeSnapshot(20)
	assert.True(t, p.Rejected(20, 0), "could not be installed")
	assert.Equal(t, Probe, p.State)
	assert.Equal(t, uint64(1), p.Next)
}

func TestWhatAFollowerNeedsNext(t *testing.T) {
	p := newProgress(30)
	assert.Equal(t, uint64(30), p.Needs(), "a guess")
	p.BecomeSnapshot(20)
	assert.Equal(t, uint64(21), p.Needs(), "what follows the snapshot")
	p.BecomeProbe()
	assert.Equal(t, uint64(21), p.Needs(), "also while it is being installed")
	p.Acked(20)
	p.BecomeReplicate()
	p.Sent(25, 10, 0)
	assert.Equal(t, uint64(21), p.Needs(), "what was sent may be lost")
}

func TestFollowerIsToldOfCommitsOnce(t *testing.T) {
	p := newProgress(1)
	p.Acked(4)
	p.BecomeReplicate()
	p.Sent(6, 10, 3)
	assert.False(t, p.WantsEmpty(3))
	assert.True(t, p.WantsEmpty(5))
	p.Sent(6, 0, 5)
	assert.False(t, p.WantsEmpty(5))
	assert.True(t, p.WantsEmpty(9), "of 9 it can only use 6")
	p.Sent(6, 0, 9)
	assert.False(t, p.WantsEmpty(9))
	p.BecomeProbe()
	assert.Equal(t, uint64(4), p.SentCommit, "what was sent beyond Match may be lost")
}

func TestNudgeIsUsedUpBySending(t *testing.T) {
	p := newProgress(1)
	p.BecomeReplicate()
	p.Nudge = true
	assert.True(t, p.WantsEmpty(0))
	p.Sent(0, 0, 0)
	assert.False(t, p.WantsEmpty(0))
	assert.Zero(t, p.Inflight.Count(), "an empty append takes no room")
}

func TestHeardEndsSilence(t *testing.T) {
	p := newProgress(1)
	p.Silent = 7
	p.Heard(false)
	assert.Zero(t, p.Silent)
	assert.False(t, p.Whole)
	p.Heard(true)
	assert.True(t, p.Whole)
}

func TestStateNames(t *testing.T) {
	assert.Equal(t, []string{"probe", "replicate", "snapshot"}, []string{Probe.String(), Replicate.String(), Snapshot.String()})
}

// TestInflightsAgreesWithAList runs random operations on the ring and on a
// plain list.
func TestInflightsAgreesWithAList(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	in := NewInflights(7, 1000)
	var list []inflight
	index := uint64(0)
	for range 10000 {
		if r.Intn(3) > 0 && !in.Full() {
			index += uint64(r.Intn(3))
			b := r.Intn(300)
			in.Add(index, b)
			list = append(list, inflight{index, b})
		} else {
			to := index - min(index, uint64(r.Intn(9)))
			in.FreeTo(to)
			for len(list) > 0 && list[0].index <= to {
				list = list[1:]
			}
		}
		bytes := 0
		for _, m := range list {
			bytes += m.bytes
		}
		require.Equal(t, len(list), in.Count())
		require.Equal(t, bytes, in.bytes)
		require.Equal(t, len(list) >= 7 || bytes >= 1000, in.Full())
		if r.Intn(500) == 0 {
			in.Reset()
			list = nil
		}
	}
}

func TestVotesCountTheFirstReplyOfAVoter(t *testing.T) {
	v := Votes{}
	_, known := v.Reply(2)
	assert.False(t, known)
	v.Record(2, false)
	v.Record(2, true)
	granted, known := v.Reply(2)
	assert.True(t, known)
	assert.False(t, granted)
}
