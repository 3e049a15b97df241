package raft

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Dissertation 6.4: reads that do not go through the log.

// confirm answers the heartbeats of a round.
func confirm(t *testing.T, tn *testNode, id, round uint64) {
	t.Helper()
	step(t, tn, Message{Type: MsgHeartbeatResp, From: id, Term: tn.Term(), Round: round})
}

// aReadyLeader is a leader of n whose no-op is committed.
func aReadyLeader(t *testing.T, n int) *testNode {
	tn := aLeader(t, n)
	for id := 2; id <= n/2+1; id++ {
		ack(t, tn, uint64(id), 1)
	}
	durably(tn)
	require.Equal(t, uint64(1), tn.Commit())
	return tn
}

func TestReadIsConfirmedByAQuorumAfterItArrived(t *testing.T) {
	tn := aReadyLeader(t, 5)
	require.NoError(t, tn.ReadIndex(7))
	rd := take(tn)
	assert.Empty(t, rd.ReadStates)
	beats := ofType(rd.Messages, MsgHeartbeat)
	require.Len(t, beats, 4, "at once, not with the next tick")
	assert.Equal(t, uint64(1), beats[0].Round)
	confirm(t, tn, 2, 1)
	confirm(t, tn, 2, 1)
	assert.Empty(t, take(tn).ReadStates, "two of five")
	confirm(t, tn, 3, 1)
	assert.Equal(t, []ReadState{{ReadID: 7, Index: 1}}, take(tn).ReadStates)
}

func TestReadsWaitForTheNoOpOfTheTerm(t *testing.T) {
	tn := aLeader(t, 3, 1)
	require.NoError(t, tn.ReadIndex(7))
	confirm(t, tn, 2, 0)
	confirm(t, tn, 3, 9)
	ack(t, tn, 2, 1)
	rd := take(tn)
	assert.Empty(t, rd.ReadStates)
	assert.Empty(t, ofType(rd.Messages, MsgHeartbeat))
	ack(t, tn, 2, 2)
	rd = take(tn)
	require.NotEmpty(t, ofType(rd.Messages, MsgHeartbeat), "the round begins with the commit")
}

func TestRepliesOfAnEarlierRoundConfirmNothing(t *testing.T) {
	tn := aReadyLeader(t, 3)
	require.NoError(t, tn.ReadIndex(7))
	confirm(t, tn, 2, 1)
	require.Len(t, take(tn).ReadStates, 1)
	require.NoError(t, tn.ReadIndex(7)) // the same mark again
	confirm(t, tn, 3, 1)
	confirm(t, tn, 2, 1)
	assert.Empty(t, take(tn).ReadStates)
	confirm(t, tn, 3, 2)
	assert.Len(t, take(tn).ReadStates, 1)
}

func TestRepliesOfAnEarlierTermConfirmNothing(t *testing.T) {
	c := newCluster(3)
	c.elect(1)
	c.tick(1)
	require.NoError(t, c.nodes[1].ReadIndex(1))
	c.ready(1)
	for _, m := range ofType(c.flight, MsgHeartbeat) {
		c.step(m)
	}
	c.flight = nil
	c.ready(2)
	c.ready(3)
	old := c.take(func(m Message) bool { return m.Type == MsgHeartbeatResp })
	require.Len(t, old, 2)
	require.NoError(t, c.nodes[1].TransferLeader(2))
	c.settle()
	require.NoError(t, c.nodes[2].TransferLeader(1))
	c.settle()
	tn := c.nodes[1]
	require.Equal(t, Leader, tn.Role())
	require.NoError(t, tn.ReadIndex(1))
	for _, m := range old {
		c.step(m)
	}
	assert.Empty(t, c.ready(1).ReadStates, "round 1 of another term")
}

func TestReadsThatWaitShareTheNextRound(t *testing.T) {
	tn := aReadyLeader(t, 3)
	require.NoError(t, tn.ReadIndex(1))
	require.NoError(t, tn.ReadIndex(2))
	step(t, tn, Message{Type: MsgReadIndex, From: 3, Term: 1, ReadID: 3})
	assert.Len(t, ofType(take(tn).Messages, MsgHeartbeat), 2, "one round under way")
	confirm(t, tn, 2, 1)
	rd := take(tn)
	assert.Equal(t, []ReadState{{ReadID: 1, Index: 1}}, rd.ReadStates, "2 and 3 came after the round began")
	assert.Equal(t, uint64(2), ofType(rd.Messages, MsgHeartbeat)[0].Round)
	confirm(t, tn, 2, 2)
	rd = take(tn)
	assert.Equal(t, []ReadState{{ReadID: 2, Index: 1}}, rd.ReadStates)
	resp := ofType(rd.Messages, MsgReadIndexResp)[0]
	assert.Equal(t, [3]uint64{3, 3, 1}, [3]uint64{resp.To, resp.ReadID, resp.Index})
}

func TestALostRoundIsRepeatedByTheNextHeartbeat(t *testing.T) {
	tn := aReadyLeader(t, 3)
	require.NoError(t, tn.ReadIndex(1))
	take(tn)
	tn.Tick()
	assert.Equal(t, uint64(1), ofType(take(tn).Messages, MsgHeartbeat)[0].Round)
	confirm(t, tn, 3, 1)
	assert.Len(t, take(tn).ReadStates, 1)
}

func TestDeposedLeaderConfirmsNoRead(t *testing.T) {
	c := newCluster(5)
	c.elect(1)
	c.isolate(1)
	require.NoError(t, c.nodes[1].ReadIndex(1))
	c.tick(9, 1)
	c.tick(30, 2, 3, 4, 5)
	c.heal()
	c.tick(5)
	assert.Empty(t, c.nodes[1].reads)
	assert.NotEqual(t, Leader, c.nodes[1].Role())
}

func TestReadsAreDroppedWithTheTerm(t *testing.T) {
	tn := aReadyLeader(t, 3)
	require.NoError(t, tn.ReadIndex(1))
	step(t, tn, Message{Type: MsgHeartbeat, From: 2, Term: 5})
	step(t, tn, Message{Type: MsgHeartbeatResp, From: 3, Term: 5, Round: 1})
	assert.Empty(t, take(tn).ReadStates)
	assert.Empty(t, tn.Node.reads.pending)
}

func TestFollowerForwardsReadsToTheLeaderItKnows(t *testing.T) {
	c := newCluster(3)
	assert.ErrorIs(t, c.nodes[2].ReadIndex(4), ErrNoLeader)
	c.elect(1)
	require.NoError(t, c.nodes[2].ReadIndex(5))
	c.settle()
	assert.Equal(t, []ReadState{{ReadID: 5, Index: 1}}, c.nodes[2].reads)
}

func TestSingleVoterConfirmsReadsItself(t *testing.T) {
	tn := aNode(1)
	tn.Campaign()
	take(tn)
	require.NoError(t, tn.ReadIndex(1))
	assert.Empty(t, tn.out.readConfirmed, "not before the no-op is committed")
	durably(tn)
	require.NoError(t, tn.ReadIndex(2))
	assert.Equal(t, []ReadState{{ReadID: 2, Index: 1}}, take(tn).ReadStates)
}

func TestLearnersConfirmNothing(t *testing.T) {
	c := newTestCluster()
	conf := ConfState{Voters: []uint64{1, 2}, Learners: []uint64{3}}
	for id := uint64(1); id <= 3; id++ {
		c.add(testConfig(id, conf))
	}
	c.elect(1)
	c.isolate(2)
	require.NoError(t, c.nodes[1].ReadIndex(1))
	c.settle()
	assert.Empty(t, c.nodes[1].reads)
}

func TestOnlyTheLeaderOfTheTermAnswersReads(t *testing.T) {
	tn := aNode(3)
	step(t, tn, Message{Type: MsgHeartbeat, From: 2, Term: 1})
	require.NoError(t, tn.ReadIndex(4))
	step(t, tn, Message{Type: MsgReadIndexResp, From: 3, Term: 1, ReadID: 4, Index: 9})
	assert.Empty(t, take(tn).ReadStates)
	step(t, tn, Message{Type: MsgReadIndexResp, From: 2, Term: 1, ReadID: 4, Index: 9})
	assert.Equal(t, []ReadState{{ReadID: 4, Index: 9}}, take(tn).ReadStates)
}
