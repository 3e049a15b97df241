package raft

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// waiting is a node without a membership, with a restored state or without.
func waiting(t *testing.T, snap SnapshotMeta) *Node {
	n, err := New(Config{
		ID: 1, ElectionTicks: 10, HeartbeatTicks: 1, Rand: func(int) int { return 0 },
		MaxMsgBytes: 1 << 20, MaxInflightMsgs: 8, MaxInflightBytes: 1 << 20, MaxUncommittedBytes: 1 << 20,
		Snapshot: snap, Applied: snap.Index, HardState: HardState{Term: snap.Term},
	})
	require.NoError(t, err)
	return n
}

func TestANodeCampaignsOnlyOnceItsClusterIsFounded(t *testing.T) {
	for name, snap := range map[string]SnapshotMeta{"empty": {}, "restored": {Index: 7, Term: 3}} {
		n := waiting(t, snap)
		for range 100 {
			n.Tick()
		}
		require.Equal(t, Learner, n.Role(), name)
		require.ErrorIs(t, n.Found(ConfState{}), ErrBadChange)
		require.NoError(t, n.Found(ConfState{Voters: []uint64{1, 2, 3}}))
		assert.True(t, n.Member())
		for range 100 {
			n.Tick()
		}
		assert.Equal(t, PreCandidate, n.Role(), name)
		conf, err := n.ConfAt(snap.Index)
		require.NoError(t, err)
		assert.Equal(t, []uint64{1, 2, 3}, conf.Voters)
		require.ErrorIs(t, n.Found(ConfState{Voters: []uint64{1}}), ErrBadChange, "once")
	}
}

func TestANodeThatHasEntriesFoundsNothing(t *testing.T) {
	n := waiting(t, SnapshotMeta{})
	require.NoError(t, n.Step(Message{Type: MsgAppend, From: 2, To: 1, Term: 1, Entries: []Entry{{Index: 1, Term: 1}}}))
	require.ErrorIs(t, n.Found(ConfState{Voters: []uint64{1}}), ErrBadChange)
}
