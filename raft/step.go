package raft

import "fmt"

// Step takes a message of a peer. Stale messages and such as are meant for
// another node are ignored; so is, for availability, a vote request while a
// leader is alive. The error wraps ErrMalformed, or ErrLost: then the node must not
// go on with this log.
func (n *Node) Step(m Message) error {
	if err := m.validate(); err != nil {
		return fmt.Errorf("%w: %s from %d: %w", ErrMalformed, m.Type, m.From, err)
	}
	if m.To != n.id || m.From == n.id {
		return nil
	}
	switch {
	case m.Term < n.hs.Term:
		n.answerStale(m)
		return nil
	case m.isVoteRequest() && n.ignoresVotes(m):
		n.maybeInform(m.From)
		return nil
	case m.Term > n.hs.Term && m.bindsTerm():
		// Section 5.1: a higher term is adopted at once, whatever else the
		// message turns out to mean. The vote of the old term is void.
		n.becomeFollower(m.Term, None)
	}
	return n.dispatch(m)
}

// isVoteRequest says that a candidate asks.
func (m *Message) isVoteRequest() bool {
	return m.Type == MsgVote || m.Type == MsgPreVote
}

// bindsTerm says that Term is the sender's own. In a PreVote and in its grant it
// is only the term that an election would have.
func (m *Message) bindsTerm() bool {
	if planted(BugReplyTermIgnored) && (m.Type == MsgAppendResp || m.Type == MsgVoteResp || m.Type == MsgPreVoteResp) {
		return false
	}
	return m.Type != MsgPreVote && (m.Type != MsgPreVoteResp || m.Reject)
}

// answerStale lets a sender of an older term know the term of this node, where
// that helps: a deposed leader steps down, a candidate that was away catches
// up (canonical/raft#279). Everything else of an older term is void.
func (n *Node) answerStale(m Message) {
	switch m.Type {
	case MsgAppend, MsgHeartbeat, MsgSnapshot:
		n.sendAfterAppend(Message{Type: MsgAppendResp, To: m.From, Reject: true})
	case MsgPreVote:
		if planted(BugPreVoteTermKept) {
			return
		}
		n.sendNow(Message{Type: MsgPreVoteResp, To: m.From, Reject: true})
	case MsgVote:
		n.sendAfterAppend(Message{Type: MsgVoteResp, To: m.From, Reject: true})
	}
}

// dispatch handles a message of this term (or a PreVote for a later one).
func (n *Node) dispatch(m Message) error {
	switch m.Type {
	case MsgPreVote:
		n.handlePreVote(m)
	case MsgVote:
		n.handleVote(m)
	case MsgPreVoteResp:
		n.handlePreVoteResp(m)
	case MsgVoteResp:
		n.handleVoteResp(m)
	case MsgAppend, MsgHeartbeat, MsgSnapshot:
		n.hearLeader(m.From)
		return n.dispatchFromLeader(m)
	case MsgAppendResp, MsgHeartbeatResp:
		return n.dispatchReply(m)
	case MsgReadIndex:
		n.handleReadIndex(m)
	case MsgReadIndexResp:
		n.handleReadIndexResp(m)
	case MsgTimeoutNow:
		n.handleTimeoutNow(m)
	}
	return nil
}

// hearLeader notes a sign of life of this term's leader. Only a leader sends
// these, and a term has at most one (Election Safety).
func (n *Node) hearLeader(from uint64) {
	if n.role == Leader || n.leader != None && n.leader != from {
		panic(fmt.Sprintf("raft: invariant broken: one leader per term: %d and %d in term %d", n.leader, from, n.hs.Term))
	}
	if n.role == PreCandidate || n.role == Candidate {
		n.becomeFollower(n.hs.Term, None)
	}
	n.leader = from
	n.electionElapsed = 0
}

func (n *Node) dispatchFromLeader(m Message) error {
	switch m.Type {
	case MsgAppend:
		n.handleAppend(m)
	case MsgHeartbeat:
		return n.handleHeartbeat(m)
	case MsgSnapshot:
		n.handleSnapshot(m)
	}
	return nil
}

// dispatchReply handles a follower's answer, if this node still leads and the
// sender is a member.
func (n *Node) dispatchReply(m Message) error {
	pr := n.progress[m.From]
	if n.role != Leader || pr == nil {
		return nil
	}
	pr.Heard(!m.Lost)
	if m.Type == MsgAppendResp {
		return n.handleAppendResp(m, pr)
	}
	n.handleHeartbeatResp(m, pr)
	return nil
}
