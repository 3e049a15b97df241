package raft

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Changes of membership: dissertation, chapter 4, and the rules that shipped
// bugs have taught since.

// join starts nodes that wait to be added.
func (c *testCluster) join(ids ...uint64) {
	for _, id := range ids {
		c.add(testConfig(id, ConfState{}))
	}
}

// change proposes a change that must be taken and lets things settle.
func (c *testCluster) change(t *testing.T, id uint64, cc ConfChange) {
	t.Helper()
	_, _, err := c.nodes[id].ProposeConfChange(cc)
	require.NoError(t, err)
	c.settle()
}

// withLearners is a cluster of n voters, led by 1, with learners that have
// caught up.
func withLearners(t *testing.T, n int, learners ...uint64) *testCluster {
	c := newCluster(n)
	c.elect(1)
	c.join(learners...)
	c.change(t, 1, ConfChange{AddLearners: learners})
	c.tick(3)
	return c
}

func (c *testCluster) requireConf(t *testing.T, want string, ids ...uint64) {
	t.Helper()
	for _, id := range ids {
		require.Equal(t, want, confText(c.nodes[id].Status().Conf), "node %d", id)
	}
}

func TestJoiningNodeWaitsToBeAdded(t *testing.T) {
	c := newTestCluster()
	c.join(4)
	c.tick(100)
	c.nodes[4].Campaign()
	assert.Equal(t, Learner, c.nodes[4].Role())
	assert.Zero(t, c.nodes[4].Term())
	assert.ErrorIs(t, c.nodes[4].ReadIndex(1), ErrNoLeader)
}

func TestLearnerIsBroughtUpByTheLogOrBySnapshot(t *testing.T) {
	for _, compacted := range []bool{false, true} {
		c := newCluster(3)
		c.elect(1)
		c.propose(1, "a")
		c.settle()
		if compacted {
			require.NoError(t, c.compact(1, 2, 3))
		}
		c.join(4)
		c.change(t, 1, ConfChange{AddLearners: []uint64{4}})
		c.tick(3)
		if compacted {
			require.NotNil(t, c.nodes[4].installing)
			c.snapshotDone(4, *c.nodes[4].installing, true)
			c.nodes[1].ReportSnapshot(4, true)
			c.tick(3)
		}
		c.requireConf(t, "voters=[1 2 3] learners=[4]", 1, 2, 3, 4)
		assert.Equal(t, c.nodes[1].Commit(), c.nodes[4].Commit())
		assert.Equal(t, Learner, c.nodes[4].Role())
	}
}

func TestMembershipTakesEffectWhenAppendedAndNotWhenCommitted(t *testing.T) {
	c := withLearners(t, 3, 4, 5)
	c.lose = func(m Message) bool { return m.Type == MsgAppendResp }
	c.change(t, 1, ConfChange{AddVoters: []uint64{4, 5}, Remove: []uint64{2, 3}})
	index := c.nodes[1].LastIndex()
	for _, id := range c.ids() {
		require.Less(t, c.nodes[id].Commit(), index)
		assert.Equal(t, index, c.nodes[id].ConfIndex(), "node %d", id)
	}
	c.requireConf(t, "voters=[1 4 5]&[1 2 3]", 1, 2, 3, 4, 5)
	assert.Equal(t, Follower, c.nodes[4].Role(), "it may be elected now")
}

func TestMembershipIsRolledBackWhenTruncated(t *testing.T) {
	c := withLearners(t, 3, 4)
	c.isolate(1)
	c.change(t, 1, ConfChange{AddVoters: []uint64{4}, Remove: []uint64{1}})
	c.requireConf(t, "voters=[2 3 4]&[1 2 3]", 1)
	version := c.nodes[1].ConfVersion()
	c.tick(12, 2, 3)
	c.elect(2)
	c.heal()
	c.tick(3)
	c.requireConf(t, "voters=[1 2 3] learners=[4]", 1, 2, 3, 4)
	assert.Greater(t, c.nodes[1].ConfVersion(), version, "the caller can see that it changed")
	assert.Equal(t, Follower, c.nodes[1].Role())
}

func TestNoChangeBeforeTheTermsFirstCommit(t *testing.T) {
	tn := aLeader(t, 3)
	cc := ConfChange{AddLearners: []uint64{4}}
	_, _, err := tn.ProposeConfChange(cc)
	require.ErrorIs(t, err, ErrTermNotCommitted)
	assert.Equal(t, uint64(1), tn.LastIndex(), "nothing was appended")
	ack(t, tn, 2, 1)
	_, _, err = tn.ProposeConfChange(cc)
	assert.NoError(t, err)
}

func TestOneChangeAtATime(t *testing.T) {
	tn := aReadyLeader(t, 3)
	index, _, err := tn.ProposeConfChange(ConfChange{AddLearners: []uint64{4}})
	require.NoError(t, err)
	_, _, err = tn.ProposeConfChange(ConfChange{AddLearners: []uint64{5}})
	require.ErrorIs(t, err, ErrChangePending)
	take(tn)
	ack(t, tn, 2, index)
	index, _, err = tn.ProposeConfChange(ConfChange{Remove: []uint64{3}})
	require.NoError(t, err)
	take(tn)
	ack(t, tn, 2, index)
	require.Equal(t, index, tn.Commit(), "the joint entry is committed, the one that leaves it is not")
	_, _, err = tn.ProposeConfChange(ConfChange{AddLearners: []uint64{5}})
	assert.ErrorIs(t, err, ErrChangePending)
}

func TestNoChangeWhileLeadershipMoves(t *testing.T) {
	tn := aReadyLeader(t, 3)
	require.NoError(t, tn.TransferLeader(2))
	_, _, err := tn.ProposeConfChange(ConfChange{Remove: []uint64{3}})
	assert.ErrorIs(t, err, ErrTransferring)
	_, _, err = aNode(3).ProposeConfChange(ConfChange{})
	assert.ErrorIs(t, err, ErrNotLeader)
}

func TestOnlyACaughtUpLearnerIsPromoted(t *testing.T) {
	c := newCluster(3)
	c.elect(1)
	promote := func() error {
		_, _, err := c.nodes[1].ProposeConfChange(ConfChange{AddVoters: []uint64{4}})
		return err
	}
	require.ErrorIs(t, promote(), ErrNotCaughtUp, "no member at all")
	c.change(t, 1, ConfChange{AddLearners: []uint64{4}})
	for range promoteLag {
		c.propose(1, "x")
	}
	c.settle()
	require.ErrorContains(t, promote(), "4 holds entry 0 of 102")
	c.tick(12)
	require.ErrorContains(t, promote(), "4 is not heard")
	c.join(4)
	c.tick(3)
	require.NoError(t, promote())
	c.settle()
	c.requireConf(t, "voters=[1 2 3 4]", 1, 2, 3, 4)
}

func TestImpossibleChangesAreRefused(t *testing.T) {
	c := withLearners(t, 3, 4)
	for name, cc := range map[string]ConfChange{
		"nobody left":               {Remove: []uint64{1, 2, 3}},
		"a voter becomes learner":   {AddLearners: []uint64{2}},
		"added and removed":         {AddLearners: []uint64{5}, Remove: []uint64{5}},
		"voter and learner":         {AddVoters: []uint64{4}, AddLearners: []uint64{4}},
		"id 0":                      {AddLearners: []uint64{0}},
		"more context than allowed": {Context: make([]byte, maxConfContext+1)},
	} {
		_, _, err := c.nodes[1].ProposeConfChange(cc)
		assert.ErrorIs(t, err, ErrBadChange, name)
	}
	for _, cc := range []ConfChange{{}, {Remove: []uint64{9}}, {AddVoters: []uint64{2}}, {AddLearners: []uint64{4}}} {
		_, _, err := c.nodes[1].ProposeConfChange(cc)
		assert.ErrorIs(t, err, ErrNoChange)
	}
}

func TestSeveralAreReplacedAtOnce(t *testing.T) {
	c := withLearners(t, 5, 6, 7)
	c.change(t, 1, ConfChange{AddVoters: []uint64{6, 7}, Remove: []uint64{4, 5}})
	c.requireConf(t, "voters=[1 2 3 6 7]", 1, 2, 3, 6, 7)
	c.propose(1, "x")
	c.tick(2)
	assert.Equal(t, []string{"x"}, c.nodes[7].data())
	assert.Empty(t, c.nodes[5].data(), "it gets no more")
}

func TestContextTravelsWithTheMembership(t *testing.T) {
	c := newCluster(3)
	c.elect(1)
	c.join(4)
	c.change(t, 1, ConfChange{AddLearners: []uint64{4}, Context: []byte("addresses")})
	c.tick(3)
	c.change(t, 1, ConfChange{AddVoters: []uint64{4}, Remove: []uint64{3}})
	c.tick(3)
	for _, id := range []uint64{1, 2, 4} {
		assert.Equal(t, "addresses", string(c.nodes[id].Status().Conf.Context))
	}
	c.change(t, 1, ConfChange{Context: []byte("others")})
	assert.Equal(t, "others", string(c.nodes[2].Status().Conf.Context))
}

// jointCluster is led by 1, which has entered the joint membership of 1, 2, 3
// and 1, 4, 5 and cannot leave it yet; everybody has the entry.
func jointCluster(t *testing.T) *testCluster {
	c := withLearners(t, 3, 4, 5)
	c.lose = func(m Message) bool { return m.Type == MsgAppendResp }
	c.change(t, 1, ConfChange{AddVoters: []uint64{4, 5}, Remove: []uint64{2, 3}})
	c.lose = nil
	return c
}

func TestJointVotesNeedBothMajorities(t *testing.T) {
	for _, cut := range [][]uint64{{4, 5}, {2, 3}} {
		c := jointCluster(t)
		for _, id := range cut {
			c.isolate(id)
		}
		c.nodes[1].becomeFollower(c.nodes[1].Term(), None)
		c.tick(60)
		for _, id := range c.ids() {
			assert.NotEqual(t, Leader, c.nodes[id].Role(), "without %v", cut)
			assert.Equal(t, uint64(1), c.nodes[id].Term())
		}
	}
}

func TestJointReadsAndCheckQuorumNeedBothMajorities(t *testing.T) {
	for _, cut := range [][]uint64{{4, 5}, {2, 3}} {
		c := jointCluster(t)
		for _, id := range cut {
			c.isolate(id)
		}
		require.NoError(t, c.nodes[1].ReadIndex(7))
		c.tick(5)
		assert.Empty(t, c.nodes[1].reads, "without %v", cut)
		c.tick(10)
		assert.Equal(t, Follower, c.nodes[1].Role(), "without %v", cut)
	}
}

func TestLeaderLeavesTheJointMembershipOnceItIsCommitted(t *testing.T) {
	c := jointCluster(t)
	c.tick(2)
	c.requireConf(t, "voters=[1 4 5]", 1, 4, 5)
	assert.Equal(t, c.nodes[1].LastIndex(), c.nodes[1].Commit())
}

func TestAnyLeaderLeavesTheJointMembershipThatItFinds(t *testing.T) {
	for _, next := range []uint64{2, 4} { // one that goes, one that has come
		c := jointCluster(t)
		c.isolate(1)
		c.tick(12)
		c.nodes[next].Campaign()
		c.settle()
		require.GreaterOrEqual(t, c.nodes[next].Term(), uint64(2), "elected, and 2 may have handed over already")
		c.heal()
		c.tick(40)
		c.requireConf(t, "voters=[1 4 5]", 1, 4, 5)
		leader := c.nodes[1].Leader()
		assert.Contains(t, []uint64{1, 4, 5}, leader)
		assert.Equal(t, c.nodes[leader].LastIndex(), c.nodes[leader].Commit())
	}
}

func TestRemovedLeaderLeadsUntilItsRemovalIsCommitted(t *testing.T) {
	c := newCluster(3)
	c.elect(1)
	c.lose = func(m Message) bool { return m.Type == MsgAppendResp && m.From == 3 }
	c.change(t, 1, ConfChange{Remove: []uint64{1}})
	assert.Equal(t, Leader, c.nodes[1].Role())
	c.requireConf(t, "voters=[2 3]&[1 2 3]", 1)
	require.Error(t, c.nodes[1].TransferLeader(1+9))
	c.lose = nil
	c.tick(2)
	assert.Equal(t, Learner, c.nodes[1].Role())
	leader := c.nodes[2].Leader()
	assert.Contains(t, []uint64{2, 3}, leader, "it handed over at once")
	c.requireConf(t, "voters=[2 3]", 1, 2, 3)
	c.tick(100, 1)
	assert.Equal(t, Learner, c.nodes[1].Role(), "it campaigns no more")
	assert.Equal(t, uint64(2), c.nodes[leader].Term())
}

func TestLeaderThatAloneHoldsItsRemovalIsElectedAgainToCommitIt(t *testing.T) {
	c := newCluster(2)
	c.elect(1)
	c.lose = func(m Message) bool { return m.Type == MsgAppend && m.Index+uint64(len(m.Entries)) > 2 }
	c.change(t, 1, ConfChange{Remove: []uint64{1}})
	c.requireConf(t, "voters=[2]", 1)
	c.requireConf(t, "voters=[2]&[1 2]", 2)
	c.restart(1)
	c.lose = nil
	c.tick(60)
	c.requireConf(t, "voters=[2]", 1, 2)
	assert.Equal(t, Leader, c.nodes[2].Role(), "which cannot win without 1, whose log is longer")
	assert.Equal(t, Learner, c.nodes[1].Role())
}

func TestLeaderOutsideTheMembershipDoesNotCountItself(t *testing.T) {
	c := newCluster(3)
	c.elect(1)
	joint := c.nodes[1].LastIndex() + 1
	c.lose = func(m Message) bool { return m.Type == MsgAppendResp && m.From == 3 && m.Index > joint }
	c.change(t, 1, ConfChange{Remove: []uint64{1}})
	c.requireConf(t, "voters=[2 3]", 1, 2, 3)
	assert.Less(t, c.nodes[1].Commit(), c.nodes[1].ConfIndex(), "1 and 2 are no majority of 2 and 3")
}

func TestRemovedNodeIsToldAndStopsCampaigning(t *testing.T) {
	c := newCluster(4)
	c.elect(1)
	c.change(t, 1, ConfChange{Remove: []uint64{4}})
	c.requireConf(t, "voters=[1 2 3]", 1, 2, 3, 4)
	assert.Equal(t, Learner, c.nodes[4].Role())
	assert.Equal(t, c.nodes[1].Commit(), c.nodes[4].Commit(), "it knows that it is final")
	assert.NotContains(t, c.nodes[1].Status().Progress, uint64(4), "the leader is done with it")
	c.propose(1, "x")
	c.tick(100)
	assert.Equal(t, Learner, c.nodes[4].Role())
	assert.Equal(t, uint64(1), c.nodes[1].Term())
	assert.Less(t, c.nodes[4].LastIndex(), c.nodes[1].LastIndex())
}

func TestRemovedNodeThatWasAwayIsToldWhenItReturns(t *testing.T) {
	c := newCluster(4)
	c.elect(1)
	c.isolate(4)
	c.change(t, 1, ConfChange{Remove: []uint64{4}})
	require.Contains(t, c.nodes[1].Status().Progress, uint64(4))
	c.tick(departingTimeouts*10 + 1)
	require.NotContains(t, c.nodes[1].Status().Progress, uint64(4), "it gave up")
	require.Equal(t, Leader, c.nodes[1].Role())
	c.heal()
	c.tick(40)
	assert.Equal(t, Learner, c.nodes[4].Role())
	c.requireConf(t, "voters=[1 2 3]", 4)
	assert.Equal(t, Leader, c.nodes[1].Role(), "it was not disturbed")
	assert.Equal(t, uint64(1), c.nodes[1].Term())
	assert.NotContains(t, c.nodes[1].Status().Progress, uint64(4))
}

func TestNodeThatIsAddedAgainIsNotTrustedWithWhatItHeldBefore(t *testing.T) {
	c := newCluster(4)
	c.elect(1)
	c.lose = func(m Message) bool { return m.From == 4 }
	c.change(t, 1, ConfChange{Remove: []uint64{4}})
	require.Contains(t, c.nodes[1].departing, uint64(4))
	require.NotZero(t, c.nodes[1].progress[4].Match)
	c.change(t, 1, ConfChange{AddLearners: []uint64{4}})
	assert.Empty(t, c.nodes[1].departing)
	assert.Zero(t, c.nodes[1].progress[4].Match)
}

func TestReadsGoOnWhenTheNodeTheyWaitedForIsRemoved(t *testing.T) {
	c := newCluster(2)
	c.elect(1)
	c.lose = func(m Message) bool { return m.Type == MsgHeartbeatResp }
	require.NoError(t, c.nodes[1].ReadIndex(7))
	c.change(t, 1, ConfChange{Remove: []uint64{2}})
	require.Len(t, c.nodes[1].reads, 1, "1 alone is the quorum")
}

func TestRestartedNodeFindsTheMembershipInItsLog(t *testing.T) {
	c := jointCluster(t)
	for _, id := range c.ids() {
		c.restart(id)
	}
	c.requireConf(t, "voters=[1 4 5]&[1 2 3]", 1, 2, 3, 4, 5)
	c.elect(4)
	c.tick(40)
	for _, id := range []uint64{1, 4, 5} {
		c.restart(id)
	}
	c.requireConf(t, "voters=[1 4 5]", 1, 4, 5)
}

func TestSnapshotCarriesTheMembershipOfItsIndex(t *testing.T) {
	c := jointCluster(t)
	tn := c.nodes[1]
	index := tn.Commit()
	conf, err := tn.ConfAt(index)
	require.NoError(t, err)
	assert.Equal(t, "voters=[1 2 3] learners=[4 5]", confText(conf), "not the uncommitted one in force")
	term, _ := tn.log.term(index)
	assert.Panics(t, func() { _ = tn.Compact(SnapshotMeta{Index: index, Term: term, Conf: tn.Status().Conf}, index+1) })
	require.NoError(t, tn.Compact(SnapshotMeta{Index: index, Term: term, Conf: conf}, index+1))
	c.requireConf(t, "voters=[1 4 5]&[1 2 3]", 1)
	_, err = tn.ConfAt(0)
	assert.ErrorIs(t, err, ErrCompacted)
	c.tick(3)
	c.requireConf(t, "voters=[1 4 5]", 1, 4, 5)
}

func TestTransferGoesToNobodyOnTheWayOut(t *testing.T) {
	c := jointCluster(t)
	assert.ErrorIs(t, c.nodes[1].TransferLeader(2), ErrUnknownPeer)
	assert.Contains(t, []uint64{4, 5}, c.nodes[1].bestSuccessor())
}
