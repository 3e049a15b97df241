package raft

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Keeping, losing and handing over leadership.

func TestLeaderWithoutAQuorumOfRepliesStepsDown(t *testing.T) {
	c := newCluster(5)
	tn := c.elect(1)
	for _, id := range []uint64{2, 3, 4} {
		c.isolate(id)
	}
	c.tick(9, 1, 5)
	assert.Equal(t, Leader, tn.Role())
	c.tick(1, 1, 5)
	assert.Equal(t, Follower, tn.Role())
	_, _, err := tn.Propose([]byte("x"))
	assert.ErrorIs(t, err, ErrNotLeader)
}

func TestLeaderWithABareQuorumStays(t *testing.T) {
	c := newCluster(5)
	tn := c.elect(1)
	c.isolate(4)
	c.isolate(5)
	c.tick(50, 1, 2, 3)
	assert.Equal(t, Leader, tn.Role())
	assert.Equal(t, uint64(1), tn.Term())
}

func TestReturningNodeDoesNotDisturbTheLeader(t *testing.T) {
	c := newCluster(5)
	tn := c.elect(1)
	c.isolate(3)
	c.tick(200)
	assert.Equal(t, uint64(1), c.nodes[3].Term(), "its terms do not inflate")
	c.heal()
	c.tick(30)
	assert.Equal(t, Leader, tn.Role())
	assert.Equal(t, uint64(1), tn.Term())
	assert.Equal(t, uint64(1), c.nodes[3].Leader())
}

func TestOneWayCutOfAFollowerDoesNotDisturbTheLeader(t *testing.T) {
	c := newCluster(3)
	tn := c.elect(1)
	c.cut[[2]uint64{1, 3}] = true // 3 hears no heartbeat but is heard
	c.tick(100)
	assert.Equal(t, Leader, tn.Role())
	assert.Equal(t, uint64(1), tn.Term())
}

func TestANodeWithAHigherTermFreesItselfThroughItsReply(t *testing.T) {
	c := newCluster(3)
	c.elect(1)
	c.nodes[3].becomeCandidate(false) // as if it had won pre-votes long ago
	c.tick(30)
	leader := c.nodes[1].Leader()
	for _, id := range c.ids() {
		assert.Equal(t, leader, c.nodes[id].Leader(), "node %d", id)
		assert.GreaterOrEqual(t, c.nodes[id].Term(), uint64(2))
	}
	assert.NotEqual(t, None, leader)
}

func TestTransferMovesLeadershipAtOnce(t *testing.T) {
	c := newCluster(3)
	c.elect(1)
	require.NoError(t, c.nodes[1].TransferLeader(3))
	c.settle()
	assert.Equal(t, Leader, c.nodes[3].Role(), "though the others still hear 1")
	assert.Equal(t, uint64(2), c.nodes[3].Term())
	assert.Equal(t, Follower, c.nodes[1].Role())
}

func TestTransferWaitsUntilTheTargetHasTheWholeLog(t *testing.T) {
	tn := aReadyLeader(t, 3)
	_, _, err := tn.Propose([]byte("x"))
	require.NoError(t, err)
	require.NoError(t, tn.TransferLeader(2))
	assert.Empty(t, ofType(take(tn).Messages, MsgTimeoutNow))
	_, _, err = tn.Propose([]byte("y"))
	require.ErrorIs(t, err, ErrTransferring)
	ack(t, tn, 2, 2)
	assert.Len(t, ofType(take(tn).Messages, MsgTimeoutNow), 1)
}

func TestTransferIsAbandonedAfterAnElectionTimeout(t *testing.T) {
	c := newCluster(3)
	tn := c.elect(1)
	c.isolate(3)
	c.propose(1, "x")
	require.NoError(t, tn.TransferLeader(3))
	c.tick(5)
	require.NoError(t, tn.TransferLeader(3), "asked again: the clock goes on")
	c.tick(4)
	assert.Equal(t, uint64(3), tn.Status().Transferee)
	c.tick(1)
	assert.Equal(t, None, tn.Status().Transferee)
	_, _, err := tn.Propose([]byte("y"))
	assert.NoError(t, err)
}

func TestTransferToNobodyInParticularTakesTheMostCaughtUp(t *testing.T) {
	tn := aReadyLeader(t, 5)
	_, _, err := tn.Propose([]byte("x"))
	require.NoError(t, err)
	take(tn)
	ack(t, tn, 4, 2)
	require.NoError(t, tn.TransferLeader(0))
	assert.Equal(t, uint64(4), tn.Status().Transferee)
}

// A node that leaves asks again and again. Two told to campaign would split the
// vote, and only the leaver's own, which it may take with it, would decide.
func TestTransferToNobodyInParticularKeepsToOne(t *testing.T) {
	tn := aReadyLeader(t, 5)
	_, _, err := tn.Propose([]byte("x"))
	require.NoError(t, err)
	ack(t, tn, 4, 2)
	require.NoError(t, tn.TransferLeader(0))
	ack(t, tn, 2, 2) // of equals it would be the best
	require.NoError(t, tn.TransferLeader(0))
	told := ofType(take(tn).Messages, MsgTimeoutNow)
	require.Len(t, told, 1)
	assert.Equal(t, uint64(4), told[0].To)
}

func TestTransferGoesOnlyToAVoterThatIsHeard(t *testing.T) {
	cfg := testConfig(1, ConfState{Voters: []uint64{1, 2, 3}, Learners: []uint64{4}})
	c := newTestCluster()
	c.add(cfg)
	for id := uint64(2); id <= 4; id++ {
		c.add(testConfig(id, cfg.Snapshot.Conf))
	}
	tn := c.nodes[1]
	assert.ErrorIs(t, tn.TransferLeader(2), ErrNotLeader)
	c.elect(1)
	assert.ErrorIs(t, tn.TransferLeader(4), ErrUnknownPeer)
	assert.ErrorIs(t, tn.TransferLeader(9), ErrUnknownPeer)
	assert.NoError(t, tn.TransferLeader(1))
	assert.Equal(t, None, tn.Status().Transferee)
	c.isolate(2)
	c.tick(12)
	require.NoError(t, tn.TransferLeader(0))
	assert.Equal(t, uint64(3), tn.Status().Transferee, "2 is silent")
}

func TestTimeoutNowCountsOnlyFromTheLeaderOfTheTerm(t *testing.T) {
	tn := aNode(3)
	step(t, tn, Message{Type: MsgHeartbeat, From: 2, Term: 3})
	take(tn)
	step(t, tn, Message{Type: MsgTimeoutNow, From: 3, Term: 3})
	step(t, tn, Message{Type: MsgTimeoutNow, From: 2, Term: 2})
	assert.Equal(t, Follower, tn.Role())
	step(t, tn, Message{Type: MsgTimeoutNow, From: 2, Term: 3})
	assert.Equal(t, Candidate, tn.Role(), "without pre-vote")
	assert.True(t, take(tn).MessagesAfterAppend[0].Transfer)
}

func TestLeadersStateEndsWithItsTerm(t *testing.T) {
	tn := aReadyLeader(t, 3)
	require.NoError(t, tn.TransferLeader(2))
	step(t, tn, Message{Type: MsgHeartbeat, From: 2, Term: 2})
	s := tn.Status()
	assert.Nil(t, s.Progress)
	assert.Equal(t, None, s.Transferee)
	assert.Zero(t, s.UncommittedBytes)
	tn.ReportSnapshot(2, true)
	tn.ReportUnreachable(2)
	step(t, tn, Message{Type: MsgAppendResp, From: 3, Term: 2, Index: 99})
}

func TestDeposedLeadersUnsentEntriesGoNowhere(t *testing.T) {
	tn := aLeader(t, 3)
	_, _, err := tn.Propose([]byte("x"))
	require.NoError(t, err)
	step(t, tn, Message{Type: MsgHeartbeat, From: 2, Term: 5})
	assert.Empty(t, ofType(tn.Ready().Messages, MsgAppend), "an old leader appends nothing in a new term")
}
