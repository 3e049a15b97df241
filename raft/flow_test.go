package raft

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Limits on what is uncommitted and on its way, and what was lost on it.

func TestOverloadedLeaderTakesNoProposalUntilItsTailShrinks(t *testing.T) {
	cfg := testConfig(1, ConfState{Voters: []uint64{1, 2}})
	cfg.MaxUncommittedBytes = 100
	c := newTestCluster()
	c.add(cfg)
	c.add(testConfig(2, cfg.Snapshot.Conf))
	tn := c.elect(1)
	require.Zero(t, tn.Status().UncommittedBytes)
	_, _, err := tn.Propose(make([]byte, 500))
	require.NoError(t, err, "an empty tail takes one of any size")
	_, _, err = tn.Propose([]byte("x"))
	require.ErrorIs(t, err, ErrOverloaded)
	assert.Equal(t, 524, tn.Status().UncommittedBytes)
	c.settle()
	assert.Zero(t, tn.Status().UncommittedBytes)
	_, _, err = tn.Propose([]byte("x"))
	assert.NoError(t, err)
}

func TestNewLeaderCountsItsWholeUncommittedTail(t *testing.T) {
	tn := aLeader(t, 3, 1, 1)
	assert.Equal(t, sumBytes(entriesOf(1, 1))+entryOverhead, tn.Status().UncommittedBytes)
}

func TestOnlyTheLeaderTakesProposals(t *testing.T) {
	tn := aNode(3)
	_, _, err := tn.Propose([]byte("x"))
	assert.ErrorIs(t, err, ErrNotLeader)
}

func TestRejectedStaleLeaderDoesNotDisturbItsNextTerm(t *testing.T) {
	tn := aLeader(t, 3, 1)
	ack(t, tn, 2, 2)
	step(t, tn, Message{Type: MsgAppendResp, From: 2, Term: tn.Term(), Reject: true})
	assert.Equal(t, "replicate", tn.Status().Progress[2].State)
}

func TestAcknowledgementBeyondTheLogIsMalformed(t *testing.T) {
	tn := aLeader(t, 3)
	err := tn.Step(Message{Type: MsgAppendResp, From: 2, To: 1, Term: 1, Index: 99})
	assert.ErrorIs(t, err, ErrMalformed)
	assert.Zero(t, tn.Status().Progress[2].Match)
}

func TestMessagesAreBoundedInBytes(t *testing.T) {
	cfg := testConfig(1, ConfState{Voters: []uint64{1, 2, 3}})
	cfg.MaxMsgBytes = 2 * (entryOverhead + 10)
	c := newTestCluster()
	c.add(cfg)
	c.add(testConfig(2, cfg.Snapshot.Conf))
	c.add(testConfig(3, cfg.Snapshot.Conf))
	tn := c.elect(1)
	for range 5 {
		c.propose(1, "0123456789")
	}
	c.propose(1, string(make([]byte, 1000)))
	sizes := []int{}
	for _, m := range ofType(tn.Ready().Messages, MsgAppend) {
		if m.To == 2 {
			sizes = append(sizes, len(m.Entries))
		}
	}
	assert.Equal(t, []int{2, 2, 1, 1}, sizes, "at least one entry always goes")
}

func TestLostAppendsAreFoundByTheNextHeartbeat(t *testing.T) {
	c := newCluster(3)
	tn := c.elect(1)
	c.isolate(2)
	for range 40 { // more than the window holds
		c.propose(1, "x")
		c.ready(1)
	}
	c.settle()
	assert.Equal(t, 16, tn.Status().Progress[2].Inflight, "the window is full")
	c.heal()
	c.tick(3)
	assert.Len(t, c.nodes[2].data(), 40)
}

func TestUnreachableFollowerIsProbed(t *testing.T) {
	c := newCluster(3)
	tn := c.elect(1)
	tn.ReportUnreachable(2)
	tn.ReportUnreachable(9)
	assert.Equal(t, "probe", tn.Status().Progress[2].State)
	c.settle()
	assert.Equal(t, "replicate", tn.Status().Progress[2].State)
}

func TestManyReadRoundsDoNotRepeatAppends(t *testing.T) {
	c := newCluster(3)
	tn := c.elect(1)
	c.tick(1)
	_, _, err := tn.Propose([]byte("x"))
	require.NoError(t, err)
	c.ready(1)
	c.take(func(m Message) bool { return m.Type == MsgAppend }) // lost
	appends := 0
	for id := range uint64(20) {
		require.NoError(t, tn.ReadIndex(id))
		for range 3 {
			c.settleOnce()
			appends += len(ofType(c.flight, MsgAppend))
			c.deliverAll()
		}
	}
	assert.LessOrEqual(t, appends, 2*3, "one nudge a follower and heartbeat interval")
}

// A follower that holds appends takes none and acknowledges none, stays with its
// leader, and has everything soon after it takes them again.
func TestFollowerThatHoldsAppendsCatchesUpLater(t *testing.T) {
	c := newCluster(3)
	c.elect(1)
	c.tick(1)
	held := c.nodes[3]
	before := held.LastIndex()
	held.HoldAppends(true)
	for range 40 { // more than what may be on its way to one follower
		c.propose(1, "x")
		c.settle()
		c.tick(1)
	}
	assert.Equal(t, before, held.LastIndex())
	assert.Equal(t, c.nodes[1].LastIndex(), c.nodes[1].Commit(), "the others commit")
	assert.Equal(t, before, c.nodes[1].Status().Progress[3].Match)
	assert.EqualValues(t, 1, held.Term())
	assert.EqualValues(t, 1, held.Leader())

	held.HoldAppends(false)
	c.tick(3)
	assert.Equal(t, c.nodes[1].LastIndex(), held.Applied())
}
