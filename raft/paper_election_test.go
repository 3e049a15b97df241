package raft

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The names are sentences of the paper (sections 5.1, 5.2, 5.4.1) and of the
// dissertation (9.6), or what a public bug taught.

// aNode is node 1 of n voters, with a durable log of the given terms.
func aNode(n int, terms ...uint64) *testNode {
	c := newCluster(n)
	cfg := c.nodes[1].cfg
	cfg.Entries = entriesOf(terms...)
	for _, t := range terms {
		cfg.HardState.Term = t
	}
	return c.add(cfg)
}

// step delivers a message to node 1.
func step(t *testing.T, tn *testNode, m Message) {
	t.Helper()
	m.To = tn.id
	require.NoError(t, tn.Step(m))
}

// take is one Ready whose write completes at once.
func take(tn *testNode) Ready {
	rd := tn.Ready()
	tn.AppendDone(rd.Durable())
	return rd
}

// aCandidate is node 1 with its own vote durable, and nobody else's.
func aCandidate(t *testing.T, n int, terms ...uint64) *testNode {
	tn := aNode(n, terms...)
	tn.Campaign()
	term := tn.Term() + 1
	for id := uint64(2); id <= uint64(n/2+1); id++ {
		step(t, tn, Message{Type: MsgPreVoteResp, From: id, Term: term})
	}
	take(tn)
	require.Equal(t, Candidate, tn.Role())
	return tn
}

// aLeader is node 1, elected, with its no-op durable and sent.
func aLeader(t *testing.T, n int, terms ...uint64) *testNode {
	tn := aCandidate(t, n, terms...)
	for id := uint64(2); id <= uint64(n/2+1); id++ {
		step(t, tn, Message{Type: MsgVoteResp, From: id, Term: tn.Term()})
	}
	require.Equal(t, Leader, tn.Role())
	take(tn)
	return tn
}

func TestServersStartAsFollowers(t *testing.T) {
	tn := aNode(3)
	assert.Equal(t, Follower, tn.Role())
	assert.Equal(t, None, tn.Leader())
	assert.False(t, tn.HasReady())
}

func TestFollowerCampaignsWhenItHearsNothingOverTheElectionTimeout(t *testing.T) {
	tn := aNode(3)
	for range tn.electionTimeout - 1 {
		tn.Tick()
	}
	assert.False(t, tn.HasReady())
	tn.Tick()
	assert.Equal(t, PreCandidate, tn.Role())
	assert.Len(t, ofType(take(tn).Messages, MsgPreVote), 2)
}

func TestHeartbeatsKeepAFollowerQuiet(t *testing.T) {
	tn := aNode(3)
	for range 100 {
		tn.Tick()
		step(t, tn, Message{Type: MsgHeartbeat, From: 2, Term: 1})
	}
	assert.Equal(t, Follower, tn.Role())
	assert.Equal(t, uint64(2), tn.Leader())
}

func TestElectionTimeoutsAreDrawnFromTheRange(t *testing.T) {
	seen := map[int]bool{}
	cfg := testConfig(1, ConfState{Voters: []uint64{1, 2, 3}})
	next := 0
	cfg.Rand = func(n int) int { next++; return next % n }
	for range 50 {
		n, err := New(cfg)
		require.NoError(t, err)
		seen[n.electionTimeout] = true
	}
	for timeout := range seen {
		assert.GreaterOrEqual(t, timeout, 10)
		assert.Less(t, timeout, 20)
	}
	assert.Len(t, seen, 10)
}

func TestCandidateRaisesItsTermAndVotesForItself(t *testing.T) {
	tn := aNode(3)
	tn.Campaign()
	assert.Zero(t, tn.Term(), "a pre-vote raises no term")
	step(t, tn, Message{Type: MsgPreVoteResp, From: 2, Term: 1})
	rd := tn.Ready()
	require.NotNil(t, rd.HardState)
	assert.Equal(t, HardState{Term: 1, Vote: 1}, *rd.HardState)
	assert.Empty(t, ofType(rd.Messages, MsgVote), "the requests wait for the disk")
	assert.Len(t, ofType(rd.MessagesAfterAppend, MsgVote), 2)
}

func TestOwnVoteCountsOnlyWhenItIsDurable(t *testing.T) {
	tn := aNode(3)
	tn.Campaign()
	step(t, tn, Message{Type: MsgPreVoteResp, From: 2, Term: 1})
	rd := tn.Ready()
	step(t, tn, Message{Type: MsgVoteResp, From: 2, Term: 1})
	assert.Equal(t, Candidate, tn.Role(), "one vote of three, its own is not written")
	tn.AppendDone(rd.Durable())
	assert.Equal(t, Leader, tn.Role())
}

func TestOwnVoteOfAnEarlierTermDoesNotCount(t *testing.T) {
	tn := aNode(3)
	tn.Campaign()
	step(t, tn, Message{Type: MsgPreVoteResp, From: 2, Term: 1})
	late := tn.Ready()
	tn.Campaign()
	step(t, tn, Message{Type: MsgPreVoteResp, From: 2, Term: 2})
	tn.Ready()
	step(t, tn, Message{Type: MsgVoteResp, From: 2, Term: 2})
	tn.AppendDone(late.Durable())
	assert.Equal(t, Candidate, tn.Role())
}

func TestCandidateWinsWithAMajorityOfTheFullCluster(t *testing.T) {
	for n := 1; n <= 7; n++ {
		for granted := range n {
			tn := aNode(n)
			tn.Campaign()
			for id := 2; id <= n/2+1; id++ {
				step(t, tn, Message{Type: MsgPreVoteResp, From: uint64(id), Term: 1})
			}
			take(tn)
			for id := range granted {
				step(t, tn, Message{Type: MsgVoteResp, From: uint64(id + 2), Term: 1})
			}
			assert.Equal(t, 2*(granted+1) > n, tn.Role() == Leader, "%d of %d", granted+1, n)
		}
	}
}

func TestCandidateThatCannotWinStepsDownAndKeepsItsVote(t *testing.T) {
	tn := aCandidate(t, 3)
	step(t, tn, Message{Type: MsgVoteResp, From: 2, Term: 1, Reject: true})
	step(t, tn, Message{Type: MsgVoteResp, From: 3, Term: 1, Reject: true})
	assert.Equal(t, Follower, tn.Role())
	assert.Equal(t, HardState{Term: 1, Vote: 1}, tn.hs)
	step(t, tn, Message{Type: MsgVote, From: 3, Term: 1, Index: 9, LogTerm: 1})
	assert.True(t, take(tn).MessagesAfterAppend[0].Reject, "it voted in this term")
}

func TestDuplicateVotesCountOnce(t *testing.T) {
	tn := aCandidate(t, 5)
	for range 5 {
		step(t, tn, Message{Type: MsgVoteResp, From: 2, Term: 1})
	}
	assert.Equal(t, Candidate, tn.Role())
	step(t, tn, Message{Type: MsgVoteResp, From: 2, Term: 1, Reject: true})
	step(t, tn, Message{Type: MsgVoteResp, From: 3, Term: 1})
	assert.Equal(t, Leader, tn.Role(), "the first reply of 2 holds")
}

func TestVotesOfAnotherTermDoNotCount(t *testing.T) {
	tn := aCandidate(t, 3, 4)
	step(t, tn, Message{Type: MsgVoteResp, From: 2, Term: tn.Term() - 1})
	assert.Equal(t, Candidate, tn.Role())
}

func TestVotesOfStrangersAndLearnersDoNotCount(t *testing.T) {
	cfg := testConfig(1, ConfState{Voters: []uint64{1, 2, 3}, Learners: []uint64{4}})
	tn := newTestCluster().add(cfg)
	tn.Campaign()
	step(t, tn, Message{Type: MsgPreVoteResp, From: 4, Term: 1})
	step(t, tn, Message{Type: MsgPreVoteResp, From: 9, Term: 1})
	assert.Equal(t, PreCandidate, tn.Role())
}

func TestServerVotesForAtMostOneCandidateInATerm(t *testing.T) {
	tn := aNode(3)
	step(t, tn, Message{Type: MsgVote, From: 2, Term: 1})
	rd := take(tn)
	assert.Equal(t, HardState{Term: 1, Vote: 2}, *rd.HardState)
	assert.Empty(t, rd.Messages, "a vote is a promise: it waits for the disk")
	assert.False(t, rd.MessagesAfterAppend[0].Reject)
	step(t, tn, Message{Type: MsgVote, From: 3, Term: 1})
	assert.True(t, take(tn).MessagesAfterAppend[0].Reject)
	step(t, tn, Message{Type: MsgVote, From: 2, Term: 1})
	assert.False(t, take(tn).MessagesAfterAppend[0].Reject, "the same answer again")
}

func TestVoteSurvivesARestart(t *testing.T) {
	c := newCluster(3)
	step(t, c.nodes[1], Message{Type: MsgVote, From: 2, Term: 1})
	c.ready(1)
	tn := c.restart(1)
	step(t, tn, Message{Type: MsgVote, From: 3, Term: 1})
	assert.True(t, take(tn).MessagesAfterAppend[0].Reject)
}

func TestVoteIsClearedOnlyWhenTheTermRises(t *testing.T) {
	tn := aLeader(t, 3)
	for range 10 {
		tn.Tick()
	}
	require.Equal(t, Follower, tn.Role(), "stepped down: nobody answers")
	assert.Equal(t, HardState{Term: 1, Vote: 1}, tn.hs)
	step(t, tn, Message{Type: MsgVote, From: 2, Term: 1, Index: 9, LogTerm: 1})
	assert.True(t, ofType(take(tn).MessagesAfterAppend, MsgVoteResp)[0].Reject)
	step(t, tn, Message{Type: MsgVote, From: 2, Term: 2, Index: 9, LogTerm: 1})
	assert.False(t, ofType(take(tn).MessagesAfterAppend, MsgVoteResp)[0].Reject)
}

func TestATermSeenIsNotAVoteGiven(t *testing.T) {
	tn := aNode(3, 1, 1)
	step(t, tn, Message{Type: MsgVote, From: 2, Term: 5, Index: 1, LogTerm: 1})
	rd := take(tn)
	assert.Equal(t, HardState{Term: 5}, *rd.HardState, "the term is taken, the vote is free")
	assert.True(t, rd.MessagesAfterAppend[0].Reject)
	step(t, tn, Message{Type: MsgVote, From: 3, Term: 5, Index: 2, LogTerm: 1})
	assert.False(t, take(tn).MessagesAfterAppend[0].Reject)
}

func TestVoterDeniesACandidateWhoseLogIsLessUpToDate(t *testing.T) {
	for _, tt := range []struct {
		mine        []uint64
		index, term uint64
		grant       bool
	}{
		{[]uint64{1}, 1, 1, true},
		{[]uint64{1}, 2, 1, true},
		{[]uint64{1, 1}, 1, 1, false},
		{[]uint64{1}, 1, 2, true},
		{[]uint64{1, 1, 1}, 1, 2, true}, // a later term wins over a longer log
		{[]uint64{2}, 5, 1, false},
		{[]uint64{2}, 1, 1, false},
	} {
		for _, kind := range []MessageType{MsgPreVote, MsgVote} {
			tn := aNode(3, tt.mine...)
			step(t, tn, Message{Type: kind, From: 2, Term: 7, Index: tt.index, LogTerm: tt.term})
			rd := take(tn)
			reply := append(rd.Messages, rd.MessagesAfterAppend...)[0]
			assert.Equal(t, tt.grant, !reply.Reject, "%v %v", kind, tt)
		}
	}
}

func TestHigherTermIsAdoptedAndLowerTermIsRefused(t *testing.T) {
	for _, kind := range []MessageType{MsgVoteResp, MsgAppendResp, MsgHeartbeatResp, MsgHeartbeat, MsgAppend} {
		tn := aLeader(t, 3)
		step(t, tn, Message{Type: kind, From: 2, Term: 9})
		assert.Equal(t, Follower, tn.Role(), kind.String())
		assert.Equal(t, uint64(9), tn.Term(), kind.String())
	}
	tn := aLeader(t, 3, 3)
	for _, kind := range []MessageType{MsgAppend, MsgHeartbeat, MsgSnapshot} {
		step(t, tn, Message{Type: kind, From: 2, Term: 2, Snapshot: &SnapshotMeta{Index: 9, Term: 1, Conf: tn.conf}})
		m := take(tn).MessagesAfterAppend[0]
		assert.Equal(t, uint64(4), m.Term, "the old leader learns the term from the reply")
		assert.True(t, m.Reject)
	}
	assert.Equal(t, Leader, tn.Role())
}

func TestTermIsDurableBeforeAnyMessageOfIt(t *testing.T) {
	tn := aNode(5)
	tn.Campaign()
	step(t, tn, Message{Type: MsgPreVoteResp, From: 2, Term: 1})
	step(t, tn, Message{Type: MsgPreVoteResp, From: 3, Term: 1})
	tn.Ready() // its write stays under way
	for _, id := range []uint64{2, 3, 4} {
		step(t, tn, Message{Type: MsgVoteResp, From: id, Term: 1})
	}
	require.Equal(t, Leader, tn.Role())
	rd := tn.Ready()
	assert.Empty(t, rd.Messages)
	assert.Len(t, ofType(rd.MessagesAfterAppend, MsgAppend), 4)
}

func TestEntriesNeverGoOutBeforeTheHardStateOfTheirTerm(t *testing.T) {
	tn := aNode(3)
	step(t, tn, Message{Type: MsgAppend, From: 2, Term: 4, Entries: entriesOf(4)})
	rd := tn.Ready()
	require.NotNil(t, rd.HardState, "in the same Ready, which stores it first")
	assert.Equal(t, uint64(4), rd.HardState.Term)
	assert.Len(t, rd.Entries, 1)
}

func TestCandidateFollowsTheLeaderOfItsTerm(t *testing.T) {
	tn := aCandidate(t, 3)
	step(t, tn, Message{Type: MsgAppend, From: 2, Term: 1})
	assert.Equal(t, Follower, tn.Role())
	assert.Equal(t, uint64(2), tn.Leader())
}

func TestTwoLeadersInATermStopTheNode(t *testing.T) {
	tn := aNode(3)
	step(t, tn, Message{Type: MsgHeartbeat, From: 2, Term: 1})
	assert.PanicsWithValue(t, "raft: invariant broken: one leader per term: 2 and 3 in term 1", func() {
		_ = tn.Step(Message{Type: MsgHeartbeat, From: 3, To: 1, Term: 1})
	})
}

func TestLearnerNeitherCampaignsNorIsAsked(t *testing.T) {
	c := newTestCluster()
	conf := ConfState{Voters: []uint64{1, 2}, Learners: []uint64{3}}
	for id := uint64(1); id <= 3; id++ {
		c.add(testConfig(id, conf))
	}
	learner := c.nodes[3]
	assert.Equal(t, Learner, learner.Role())
	for range 100 {
		learner.Tick()
	}
	learner.Campaign()
	assert.False(t, learner.HasReady())
	c.nodes[1].Campaign()
	for _, m := range c.nodes[1].Ready().Messages {
		assert.NotEqual(t, uint64(3), m.To)
	}
}

func TestLearnerGetsEntriesButDoesNotCount(t *testing.T) {
	c := newTestCluster()
	conf := ConfState{Voters: []uint64{1, 2}, Learners: []uint64{3}}
	for id := uint64(1); id <= 3; id++ {
		c.add(testConfig(id, conf))
	}
	c.elect(1)
	c.isolate(2)
	index := c.propose(1, "x")
	c.settle()
	assert.Equal(t, index, c.nodes[3].LastIndex())
	assert.Less(t, c.nodes[1].Commit(), index)
	c.heal()
	c.tick(2)
	assert.Equal(t, []string{"x"}, c.nodes[3].data())
}

func TestJointMembershipNeedsBothMajorities(t *testing.T) {
	c := newTestCluster()
	conf := ConfState{Voters: []uint64{1, 2, 3}, VotersOutgoing: []uint64{1, 4, 5}}
	for id := uint64(1); id <= 5; id++ {
		c.add(testConfig(id, conf))
	}
	c.lose = func(m Message) bool { return m.Type == MsgAppendResp && m.From >= 4 }
	c.elect(1)
	index := c.propose(1, "x")
	c.settle()
	assert.Zero(t, c.nodes[1].Commit(), "1, 2, 3 are only the new majority")
	c.lose = nil
	c.tick(2)
	assert.LessOrEqual(t, index, c.nodes[1].Commit())
}

func TestSingleVoterLeadsOnceItsVoteIsDurable(t *testing.T) {
	tn := aNode(1)
	tn.Campaign()
	rd := tn.Ready()
	assert.Equal(t, Candidate, tn.Role())
	tn.AppendDone(rd.Durable())
	assert.Equal(t, Leader, tn.Role())
	rd = tn.Ready()
	assert.Empty(t, rd.Committed)
	tn.AppendDone(rd.Durable())
	assert.Equal(t, uint64(1), tn.Commit(), "its own disk is the quorum")
}
