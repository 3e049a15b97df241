package raft

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Dissertation 9.6 and 4.2.3: pre-votes, and candidates while a leader lives.

func TestPreVoteChangesNoStateAndResetsNoTimer(t *testing.T) {
	tn := aNode(3, 1)
	for range 5 {
		tn.Tick()
	}
	step(t, tn, Message{Type: MsgPreVote, From: 2, Term: 8, Index: 1, LogTerm: 1})
	rd := tn.Ready()
	assert.False(t, rd.Messages[0].Reject)
	assert.Equal(t, uint64(8), rd.Messages[0].Term, "the grant speaks of the election's term")
	assert.Nil(t, rd.HardState)
	assert.Equal(t, 5, tn.electionElapsed)
	step(t, tn, Message{Type: MsgPreVote, From: 3, Term: 8, Index: 1, LogTerm: 1})
	assert.False(t, tn.Ready().Messages[0].Reject, "it may be granted to several")
}

func TestServerThatHearsALeaderIgnoresCandidates(t *testing.T) {
	for _, kind := range []MessageType{MsgPreVote, MsgVote} {
		tn := aNode(3)
		step(t, tn, Message{Type: MsgHeartbeat, From: 2, Term: 1})
		take(tn)
		step(t, tn, Message{Type: kind, From: 3, Term: 9, Index: 5, LogTerm: 5})
		assert.False(t, tn.HasReady(), "no reply, no term")
		assert.Equal(t, uint64(1), tn.Term())
		for range 10 {
			tn.Tick()
		}
		step(t, tn, Message{Type: kind, From: 3, Term: 9, Index: 5, LogTerm: 5})
		assert.True(t, tn.HasReady(), "after an election timeout it answers")
	}
}

func TestLeaderIgnoresCandidatesButNotItsOwnSuccessor(t *testing.T) {
	tn := aLeader(t, 3)
	step(t, tn, Message{Type: MsgVote, From: 3, Term: 9, Index: 5, LogTerm: 5})
	assert.Equal(t, Leader, tn.Role())
	step(t, tn, Message{Type: MsgVote, From: 3, Term: 9, Index: 5, LogTerm: 5, Transfer: true})
	assert.Equal(t, HardState{Term: 9, Vote: 3}, tn.hs)
}

func TestPreCandidateWithAStaleTermCatchesUp(t *testing.T) {
	c := newCluster(3)
	c.nodes[1].Campaign()
	c.settle()
	// 2 and 3 go on to term 3 while 1 is away; then both lose their leader.
	c.isolate(1)
	for _, id := range []uint64{2, 3} {
		c.nodes[id].becomeFollower(3, None)
	}
	c.tick(20, 1)
	c.heal()
	require.Equal(t, uint64(1), c.nodes[1].Term())
	c.nodes[1].Campaign()
	c.settle()
	assert.Equal(t, uint64(3), c.nodes[1].Term(), "it learned the term from the refusal")
	c.elect(1)
}

func TestStalePreVoteGrantDoesNotCount(t *testing.T) {
	tn := aNode(3)
	step(t, tn, Message{Type: MsgHeartbeat, From: 2, Term: 4})
	tn.Campaign()
	step(t, tn, Message{Type: MsgPreVoteResp, From: 3, Term: 4})
	step(t, tn, Message{Type: MsgPreVoteResp, From: 3, Term: 9})
	assert.Equal(t, PreCandidate, tn.Role())
	step(t, tn, Message{Type: MsgPreVoteResp, From: 3, Term: 5})
	assert.Equal(t, Candidate, tn.Role())
}

// A candidate whose disk stands still cannot win. If it told its term to others
// it would only depose the leader, by way of anybody who asks it (found by the
// simulator: a removed node that had not heard of it did).
func TestTermThatIsNotDurableIsToldToNoPreCandidate(t *testing.T) {
	tn := aNode(3)
	step(t, tn, Message{Type: MsgHeartbeat, From: 2, Term: 4})
	take(tn)
	tn.campaignForReal(false)
	tn.Ready() // its write stays under way
	require.Equal(t, uint64(5), tn.Term())
	step(t, tn, Message{Type: MsgPreVote, From: 3, Term: 3})
	rd := tn.Ready()
	assert.Empty(t, rd.Messages)
	assert.Len(t, ofType(rd.MessagesAfterAppend, MsgPreVoteResp), 1)
}
