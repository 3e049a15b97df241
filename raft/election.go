package raft

import "raftkv/raft/quorum"

// Campaign starts an election now, by asking for pre-votes. It does nothing on
// a leader, on a node that may not be elected, or on one that promised silence.
func (n *Node) Campaign() {
	if n.role == Leader || !n.promotable() || n.lease.silent > 0 {
		return
	}
	if planted(BugNoPreVote) {
		n.campaignForReal(false)
		return
	}
	n.becomePreCandidate()
	for _, id := range n.peers {
		if n.voters.Contains(id) {
			n.sendNow(Message{Type: MsgPreVote, To: id, Term: n.hs.Term + 1,
				Index: n.log.last(), LogTerm: n.log.lastTerm()})
		}
	}
	n.recordVote(n.id, true)
}

// campaignForReal raises the term and asks for votes. The requests wait for the
// disk, as the vote for itself is in them; that vote counts at AppendDone.
func (n *Node) campaignForReal(transfer bool) {
	n.becomeCandidate(transfer)
	for _, id := range n.peers {
		if n.voters.Contains(id) {
			n.sendAfterAppend(Message{Type: MsgVote, To: id, Transfer: transfer,
				Index: n.log.last(), LogTerm: n.log.lastTerm()})
		}
	}
}

// promotable says whether this node may be elected: a voter, whose log is in
// one piece and all there, and whose disk moves.
func (n *Node) promotable() bool {
	return n.mayBeElected() && n.installing == nil && !n.Recovering() && n.stallTicks < n.cfg.ElectionTicks
}

// mayBeElected says that this node is a voter, or was one before a change that is
// not known to be committed: maybe nobody else holds that change, and those who
// lack it cannot win without this node's vote (dissertation, 4.2.2).
func (n *Node) mayBeElected() bool {
	if n.voters.Contains(n.id) {
		return true
	}
	before, pending := n.confs.replaced(n.commit)
	return pending && before.joint().Contains(n.id)
}

// ignoresVotes keeps a live leader in office: who has heard it within an
// election timeout answers no candidate, and does not take its term either
// (dissertation, 4.2.3). A candidate that the leader itself chose is heard. So a
// node keeps its promise (lease.go) too, in whatever term it is by now.
func (n *Node) ignoresVotes(m Message) bool {
	switch {
	case m.Transfer:
		return false
	case n.lease.silent > 0:
		return true
	case m.Term == n.hs.Term, planted(BugLiveLeaderIgnored):
		return false
	}
	return n.role == Leader || n.leader != None && n.electionElapsed < n.cfg.ElectionTicks
}

// handlePreVote answers whether this node would vote so. It changes no state
// and resets no timer, so a node that comes and goes disturbs nobody.
func (n *Node) handlePreVote(m Message) {
	if n.Recovering() {
		return // silence: a refusal could name the term 0 of a node that has nothing yet
	}
	if n.log.upToDate(m.Index, m.LogTerm) && (m.Term > n.hs.Term || n.voteFree(m.From)) {
		n.sendNow(Message{Type: MsgPreVoteResp, To: m.From, Term: m.Term})
		return
	}
	n.sendNow(Message{Type: MsgPreVoteResp, To: m.From, Reject: true})
}

// handleVote gives the vote of this term to the first candidate whose log holds
// at least what this one does (section 5.4.1): every committed entry is in a
// majority's logs, so who wins a majority has it. The reply waits for the disk.
func (n *Node) handleVote(m Message) {
	if n.Recovering() || !n.voteFree(m.From) || !n.log.upToDate(m.Index, m.LogTerm) {
		n.sendAfterAppend(Message{Type: MsgVoteResp, To: m.From, Reject: true})
		return
	}
	n.hs.Vote = m.From
	n.electionElapsed = 0
	n.sendAfterAppend(Message{Type: MsgVoteResp, To: m.From})
}

// voteFree says that this term's vote is not given, or given to this candidate
// before.
func (n *Node) voteFree(candidate uint64) bool {
	return n.hs.Vote == candidate || n.hs.Vote == None && n.leader == None
}

// handlePreVoteResp counts a reply to the pre-vote that is under way.
func (n *Node) handlePreVoteResp(m Message) {
	if n.role != PreCandidate || !m.Reject && m.Term != n.hs.Term+1 {
		return
	}
	n.recordVote(m.From, !m.Reject)
}

// handleVoteResp counts a reply of this term; those of others never get here.
func (n *Node) handleVoteResp(m Message) {
	if n.role == Candidate {
		n.recordVote(m.From, !m.Reject)
	}
}

// recordVote notes a voter's reply and acts on the result. Replies are a set
// keyed by voter, so one that comes twice counts once.
func (n *Node) recordVote(id uint64, granted bool) {
	n.votes.Record(id, granted)
	if planted(BugQuorumOneShort) && len(n.peers) > 0 {
		n.votes.Record(n.peers[0], true)
	}
	switch n.voters.Vote(n.votes.Reply) {
	case quorum.Won:
		n.electionWon()
	case quorum.Lost:
		n.becomeFollower(n.hs.Term, None)
	}
}

func (n *Node) electionWon() {
	if n.role == PreCandidate {
		n.campaignForReal(false)
		return
	}
	n.becomeLeader()
}
