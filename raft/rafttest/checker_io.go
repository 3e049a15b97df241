package rafttest

import "raftkv/raft"

// The part of the checker that looks at messages, disks, state machines and
// reads.

// sent checks a message as it leaves.
func (c *checker) sent(n *node, m *raft.Message) {
	c.leaseSent(n, m)
	c.speaks(n, m)
	switch m.Type {
	case raft.MsgAppend, raft.MsgHeartbeat, raft.MsgSnapshot, raft.MsgTimeoutNow:
		c.leaderSent(n, m)
	case raft.MsgVote:
		c.voted(n, m.Term, n.id)
	case raft.MsgVoteResp:
		if !m.Reject {
			c.voted(n, m.Term, m.To)
		}
	case raft.MsgAppendResp:
		if !m.Reject {
			c.acknowledged(n, m)
		}
	}
}

// leaderSent: only a term's leader speaks for it, and of nothing uncommitted
// as committed.
func (c *checker) leaderSent(n *node, m *raft.Message) {
	if who, known := c.leaders[m.Term]; !known || who != n.id {
		c.leads(n, m.Term)
	}
	if m.Commit > uint64(len(c.committed)) {
		c.w.fail("commit", "node %d sends commit %d, but only %d is committed", n.id, m.Commit, len(c.committed))
	}
	for i, e := range m.Entries {
		if e.Index != m.Index+1+uint64(i) {
			c.w.fail("log contiguous", "node %d sends entry %d behind %d", n.id, e.Index, m.Index+uint64(i))
			return
		}
	}
}

// voted: one vote in a term, whatever crashed in between, and on disk before
// anybody hears of it.
func (c *checker) voted(n *node, term, vote uint64) {
	b := ballot{n.id, term}
	if was, known := c.votes[b]; known && was != vote {
		c.w.fail("vote kept", "node %d votes for %d and for %d in term %d", n.id, was, vote, term)
	}
	c.votes[b] = vote
	if hs := n.disk.hs; hs.Term < term || hs.Term == term && hs.Vote != vote {
		c.w.fail("vote durable", "node %d tells its vote %d in term %d; its disk has vote %d in term %d", n.id, vote, term, hs.Vote, hs.Term)
	}
}

// acknowledged: what a follower says it has is on its disk, under that term. A
// disk already in a later term may have dropped it again.
func (c *checker) acknowledged(n *node, m *raft.Message) {
	switch d := &n.disk; {
	case d.hs.Term > m.Term:
	case d.hs.Term < m.Term:
		c.w.fail("term durable", "node %d answers in term %d with term %d on disk", n.id, m.Term, d.hs.Term)
	case d.lastIndex() < m.Index:
		c.w.fail("acknowledged durable", "node %d acknowledges %d, its disk ends at %d", n.id, m.Index, d.lastIndex())
	}
}

// truncated: a disk never drops a committed entry.
func (c *checker) truncated(n *node, index uint64) {
	e, ok := n.disk.entry(index)
	if ok && index <= uint64(len(c.committed)) && c.committed[index-1].term == e.Term {
		c.w.fail("committed kept", "node %d drops %d/%d from its disk, which is committed", n.id, index, e.Term)
	}
}

// hashEvery is how often replicas' states are compared, in entries.
const hashEvery = 16

// applied compares what is applied at an index, and now and then the state.
func (c *checker) applied(n *node, e raft.Entry) {
	c.sameAsCommitted(n, e)
	if e.Index%hashEvery == 0 {
		c.sameState(n)
	}
}

// restored compares the state that a snapshot gave.
func (c *checker) restored(n *node) {
	c.restores++
	c.sameState(n)
}

func (c *checker) sameState(n *node) {
	at, hash := n.kv.AppliedIndex(), n.kv.Hash()
	if was, known := c.hashes[at]; known && was != hash {
		c.w.fail("state machine safety", "node %d has another state at index %d than a node before it", n.id, at)
	}
	c.hashes[at] = hash
}

// readAsked remembers what was committed when a read arrived.
func (c *checker) readAsked(id uint64) { c.reads[id] = uint64(len(c.committed)) }

// readConfirmed: a read sees everything committed before it was asked.
func (c *checker) readConfirmed(n *node, rs raft.ReadState) {
	if rs.ByLease && n.eng.Role() == raft.Leader {
		c.leaseHeld(n, n.eng.Term())
	}
	if rs.Index < c.reads[rs.ReadID] {
		c.w.fail("read index", "node %d may serve read %d at %d; %d was committed before it was asked", n.id, rs.ReadID, rs.Index, c.reads[rs.ReadID])
	}
}
