package rafttest

import "raftkv/raft"

// The part of the checker that looks at how office is taken and used: by
// invitation, and by committing only what is the leader's own.

// invites notes what lets a node campaign: a granted pre-vote, or a leader that
// hands over.
func (c *checker) invites(n *node, m *raft.Message) {
	if m.Type == raft.MsgTimeoutNow || m.Type == raft.MsgPreVoteResp && !m.Reject {
		c.view(n).invited = true
	}
}

// candidate: nobody raises the term without being invited, so that a node which
// hears nobody comes back in the term in which it left. One voter needs nobody.
func (c *checker) candidate(n *node, v *view) {
	if !v.invited && len(n.eng.Status().Conf.Voters) > 1 {
		c.w.fail("term inflation", "node %d raises term %d, though nobody granted it a pre-vote", n.id, v.hs.Term)
	}
	v.invited = false
}

// counted: a leader commits by counting up to an entry of its own term only; a
// majority that holds an older one does not protect it (figure 8).
func (c *checker) counted(n *node, v *view, commit uint64) {
	leads := v.role == raft.Leader && n.eng.Role() == raft.Leader && v.term == n.eng.Term()
	if !leads || commit <= v.commit || commit <= v.base || commit > v.last() {
		return
	}
	if term := v.termAt(commit); term != v.term {
		c.w.fail("commit by counting", "node %d leads term %d and commits up to %d/%d", n.id, v.term, commit, term)
	}
}
