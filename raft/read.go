package raft

import "math"

// read is a batch of reads: who asks, and its mark for them.
type read struct {
	from uint64
	id   uint64
}

// readQueue holds a leader's unconfirmed reads (dissertation, 6.4). Rounds are
// numbered by the leader within its term; a reader's mark plays no part in
// confirming, so a mark that is used twice cannot match an old reply.
type readQueue struct {
	round   uint64 // the last round begun
	needed  uint64 // the round that confirms pending, or any later one
	index   uint64 // the commit index when it began
	pending []read // the reads that this round confirms; empty if it is over
	waiting []read // came later: for the next round
}

// ReadIndex asks for the index that a linearizable read must see. The answer
// comes as a ReadState with this id, or never: it is lost with a leader change
// or a message, and the caller asks again under a new id. ErrNoLeader if there
// is nobody to ask.
func (n *Node) ReadIndex(readID uint64) error {
	switch {
	case n.role == Leader:
		n.queueRead(read{from: n.id, id: readID})
	case n.leader == None:
		return ErrNoLeader
	default:
		n.sendNow(Message{Type: MsgReadIndex, To: n.leader, ReadID: readID})
	}
	return nil
}

// handleReadIndex takes a follower's reads; without leading, they are lost.
func (n *Node) handleReadIndex(m Message) {
	if n.role == Leader {
		n.queueRead(read{from: m.From, id: m.ReadID})
	}
}

// handleReadIndexResp passes on what the leader of this term confirmed.
func (n *Node) handleReadIndexResp(m Message) {
	if m.From == n.leader && !n.recoveryAnswered(m) {
		n.out.readConfirmed = append(n.out.readConfirmed, ReadState{ReadID: m.ReadID, Index: m.Index, ByLease: m.ByLease})
	}
}

func (n *Node) queueRead(r read) {
	if planted(BugReadJoinsRound) && len(n.reads.pending) > 0 {
		n.reads.pending = append(n.reads.pending, r)
		return
	}
	n.reads.waiting = append(n.reads.waiting, r)
	n.maybeStartRound()
}

// maybeStartRound begins a round unless Clock will, should the lease not do.
func (n *Node) maybeStartRound() {
	if n.lease.length == 0 {
		n.startRound()
	}
}

// startRound begins a round for all reads that wait, if none is under way
// and this leader knows the commit index: before an entry of its own term is
// committed it may lag behind what an earlier leader told its clients.
func (n *Node) startRound() {
	q := &n.reads
	known := n.log.matches(n.commit, n.hs.Term) || planted(BugReadBeforeNoOp)
	if len(q.pending) > 0 || len(q.waiting) == 0 || !known {
		return
	}
	q.pending, q.waiting = q.waiting, nil
	n.beginRound()
	q.needed, q.index = q.round, n.commit
	n.broadcastHeartbeat()
	n.maybeFinishRound()
}

// maybeFinishRound answers the reads of the round once a quorum has confirmed
// it: each of them was in this term after the reads came, so no later leader
// had been elected by then, and q.index covers all that was acknowledged.
func (n *Node) maybeFinishRound() {
	q := &n.reads
	if len(q.pending) == 0 || n.voters.Committed(n.confirmedRound) < q.needed {
		return
	}
	done := q.pending
	q.pending = nil
	for _, r := range done {
		n.answerRead(r, q.index, false)
	}
	n.maybeStartRound()
}

// confirmedRound is the last round that a voter confirmed; a leader confirms
// itself.
func (n *Node) confirmedRound(id uint64) uint64 {
	if id == n.id {
		return math.MaxUint64
	}
	return n.progress[id].AckedRound
}

func (n *Node) answerRead(r read, index uint64, byLease bool) {
	if r.from == n.id {
		n.out.readConfirmed = append(n.out.readConfirmed, ReadState{ReadID: r.id, Index: index, ByLease: byLease})
		return
	}
	n.sendNow(Message{Type: MsgReadIndexResp, To: r.from, Index: index, ReadID: r.id, HintIndex: n.log.last(), ByLease: byLease})
}
