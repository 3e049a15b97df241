package raft

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// damaged restarts a node whose log was lost; its term and vote were not.
func (c *testCluster) damaged(id uint64) *testNode {
	old := c.nodes[id]
	old.disk.entries = nil
	old.cfg.Recovery = 77
	return c.restart(id)
}

func TestRecoveringNodeNeitherVotesNorCampaigns(t *testing.T) {
	c := newCluster(3)
	c.nodes[1].Campaign()
	c.settle()
	c.damaged(3)
	c.isolate(1)
	c.tick(60, 2, 3)
	assert.Equal(t, Follower, c.nodes[3].Role())
	assert.NotEqual(t, Leader, c.nodes[2].Role(), "it needs the vote of a node that may have acknowledged more")
	step(t, c.nodes[3], Message{Type: MsgTimeoutNow, From: 2, Term: c.nodes[3].Term()})
	assert.Equal(t, Follower, c.nodes[3].Role())
	step(t, c.nodes[3], Message{Type: MsgVote, From: 2, Term: 9, Index: 99, LogTerm: 9})
	take(c.nodes[3])
	assert.Equal(t, HardState{Term: 9}, c.nodes[3].hs, "a term seen, no vote given")
}

func TestLeaderSendsAgainWhatANodeLost(t *testing.T) {
	c := newCluster(3)
	c.nodes[1].Campaign()
	c.settle()
	for range 5 {
		_, _, err := c.nodes[1].Propose([]byte("x"))
		require.NoError(t, err)
	}
	c.settle()
	last := c.nodes[1].LastIndex()
	require.Equal(t, last, c.nodes[1].Status().Progress[3].Match)

	tn := c.damaged(3)
	c.tick(3, 1, 2, 3) // an idle cluster: nothing but heartbeats
	assert.False(t, tn.Recovering())
	assert.Equal(t, last, tn.LastIndex())
	assert.Equal(t, last, tn.Commit())
	assert.Equal(t, last, c.nodes[1].Status().Progress[3].Match)
	assert.Empty(t, tn.reads, "the question is the engine's own")
}

// The target is the end of the leader's log, not its commit index: the leader
// may yet commit, with the help of an old acknowledgement, what was lost.
func TestRecoveryEndsAtTheEndOfTheLeadersLogNotAtItsCommit(t *testing.T) {
	c := newCluster(5)
	c.nodes[1].Campaign()
	c.settle()
	c.lose = func(m Message) bool { return m.Type == MsgAppend && m.To != 3 }
	_, _, err := c.nodes[1].Propose([]byte("acknowledged by 3, not committed"))
	require.NoError(t, err)
	c.settle()
	committed, last := c.nodes[1].Commit(), c.nodes[1].LastIndex()
	require.Less(t, committed, last)
	require.Equal(t, last, c.nodes[1].Status().Progress[3].Match)

	tn := c.damaged(3)
	lossy := c.lose
	c.lose = func(m Message) bool {
		return lossy(m) || m.To == 3 && m.Type == MsgAppend && m.Index+uint64(len(m.Entries)) > committed
	}
	c.tick(5, 1, 2, 3, 4, 5)
	require.Equal(t, committed, tn.recovery.target-1, "it was told")
	assert.True(t, tn.Recovering())
	c.lose = nil
	c.tick(5, 1, 2, 3, 4, 5)
	assert.False(t, tn.Recovering())
	assert.Equal(t, last, tn.LastIndex())
}

func TestAnswerToAnEarlierLifeDoesNotEndTheRecovery(t *testing.T) {
	c := newCluster(3)
	c.nodes[1].Campaign()
	c.settle()
	tn := c.damaged(3)
	step(t, tn, Message{Type: MsgHeartbeat, From: 1, Term: 1})
	step(t, tn, Message{Type: MsgReadIndexResp, From: 1, Term: 1, ReadID: 76, Index: 1, HintIndex: 1})
	assert.Zero(t, tn.recovery.target)
	step(t, tn, Message{Type: MsgReadIndexResp, From: 2, Term: 1, ReadID: 77, Index: 1, HintIndex: 1})
	assert.Zero(t, tn.recovery.target, "not the leader's")
	step(t, tn, Message{Type: MsgReadIndexResp, From: 1, Term: 1, ReadID: 77, Index: 1, HintIndex: 1})
	assert.Equal(t, uint64(1), tn.recovery.target)
}

// The caller's snapshot may vouch for the last entries before the log's own disk
// does; then nothing more is written, and yet the node has all that it lacked.
func TestRecoveryEndsWhenASnapshotCoversWhatTheDiskHasNotReported(t *testing.T) {
	c := newCluster(3)
	c.nodes[1].Campaign()
	c.settle()
	tn := c.damaged(3)
	tn.disk.async = true
	for range 5 {
		c.tick(1, 1, 2, 3)
		for len(tn.disk.pending) > 0 {
			c.diskWritten(3) // the engine does not hear of it yet
		}
	}
	require.Equal(t, uint64(1), tn.Applied())
	require.Equal(t, uint64(1), tn.recovery.target)
	require.NoError(t, c.compact(3, 1, 2))
	for len(tn.disk.written) > 0 {
		c.diskReport(3)
	}
	assert.False(t, tn.Recovering(), "nothing would ever tell it again in an idle cluster")
}

// A node that recovers does not vote, so a membership of which such nodes are
// half could elect nobody after this leader.
func TestNoChangeMakesRecoveringNodesHalfOfTheVoters(t *testing.T) {
	c := newCluster(5)
	c.nodes[1].Campaign()
	c.settle()
	c.damaged(3)
	c.lose = func(m Message) bool { return m.Type == MsgReadIndexResp } // it is told no target
	c.tick(3)
	require.True(t, c.nodes[3].Recovering())

	assert.ErrorIs(t, c.proposeChange(1, ConfChange{Remove: []uint64{2, 4, 5}}), ErrNoQuorum, "1 alone would be left")
	assert.False(t, c.nodes[1].Status().Conf.isJoint(), "nothing was appended")
	require.NoError(t, c.proposeChange(1, ConfChange{Remove: []uint64{4, 5}}), "1 and 2 are a majority of three")
	c.settle()

	assert.ErrorIs(t, c.proposeChange(1, ConfChange{Remove: []uint64{2}}), ErrNoQuorum)
	c.lose = nil
	c.tick(4)
	require.False(t, c.nodes[3].Recovering())
	assert.NoError(t, c.proposeChange(1, ConfChange{Remove: []uint64{2}}))
}

// Who has not been heard may have lost anything, and a new leader has heard
// nobody but those who committed its first entry.
func TestNoChangeCountsOnVotersThatAreNotHeard(t *testing.T) {
	c := newCluster(3)
	c.lose = func(m Message) bool { return m.From == 3 && m.Type == MsgAppendResp }
	c.nodes[1].Campaign()
	c.settle()
	assert.ErrorIs(t, c.proposeChange(1, ConfChange{Remove: []uint64{2}}), ErrNoQuorum, "3 was never heard")
	c.lose = nil
	c.tick(3)
	c.isolate(3)
	c.tick(12, 1, 2)
	assert.ErrorIs(t, c.proposeChange(1, ConfChange{Remove: []uint64{2}}), ErrNoQuorum, "3 is silent")
	assert.NoError(t, c.proposeChange(1, ConfChange{AddLearners: []uint64{4}}), "no matter of voters")
	c.settle()
	assert.NoError(t, c.proposeChange(1, ConfChange{Remove: []uint64{3}}), "who is lost may go")
}

func TestLearnerThatRecoversIsNotPromoted(t *testing.T) {
	c := withLearners(t, 3, 4)
	c.damaged(4)
	c.lose = func(m Message) bool { return m.Type == MsgReadIndexResp }
	c.tick(3)
	require.True(t, c.nodes[4].Recovering())
	assert.ErrorIs(t, c.proposeChange(1, ConfChange{AddVoters: []uint64{4}}), ErrNotCaughtUp)
	c.lose = nil
	c.tick(4)
	assert.NoError(t, c.proposeChange(1, ConfChange{AddVoters: []uint64{4}}))
}

func (c *testCluster) proposeChange(id uint64, cc ConfChange) error {
	_, _, err := c.nodes[id].ProposeConfChange(cc)
	return err
}
