package rafttest

import (
	"time"

	"raftkv/raft"
)

// The part of the checker that looks at leases. A stale read is what a broken
// lease leads to, and rarely; these are what it rests on.

// promise is what a node said in an answer to a heartbeat.
type promise struct {
	term  uint64
	until time.Duration // on the node's own clock
}

// candidacy is a node's standing for election in a term.
type candidacy struct{ candidate, term uint64 }

// leases is the checker's bookkeeping of them.
type leases struct {
	promises    map[uint64]promise // by node
	invitations map[candidacy]bool // whom its leader asked to stand
	latestLed   uint64             // the last term that has a leader
	byLease     int                // batches of reads that a lease confirmed
}

// leaseSent notes promises, and checks that votes keep them.
func (c *checker) leaseSent(n *node, m *raft.Message) {
	switch {
	case m.Type == raft.MsgHeartbeatResp && m.Promise > 0:
		c.promises[n.id] = promise{m.Term, n.clock.read(c.w.now) + time.Duration(m.Promise)}
	case m.Type == raft.MsgVote:
		c.invitations[candidacy{n.id, m.Term}] = m.Transfer
		c.keepsPromise(n, n.id, m.Term)
	case m.Type == raft.MsgVoteResp && !m.Reject:
		c.keepsPromise(n, m.To, m.Term)
	case m.Type == raft.MsgReadIndexResp && m.ByLease:
		c.leaseHeld(n, m.Term)
	}
}

// keepsPromise: nobody votes in a later term while it has promised not to, but
// for a candidate that the leader chose.
func (c *checker) keepsPromise(n *node, candidate, term uint64) {
	p := c.promises[n.id]
	if now := n.clock.read(c.w.now); term > p.term && now < p.until && !c.invitations[candidacy{candidate, term}] {
		c.w.fail("promise kept", "node %d votes for %d in term %d at %v by its clock, and had promised silence until %v", n.id, candidate, term, now, p.until)
	}
}

// leaseHeld: when a leader reads by its lease, nobody leads a later term.
func (c *checker) leaseHeld(n *node, term uint64) {
	c.byLease++
	if c.latestLed > term {
		c.w.fail("lease", "node %d reads by the lease of term %d, but term %d has a leader", n.id, term, c.latestLed)
	}
}
