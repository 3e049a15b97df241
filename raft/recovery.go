package raft

// recovery is the state of a node that lost part of its log, but not its term
// and vote. It follows, acknowledges what it truly holds, and commits by
// appends, but it neither votes nor campaigns until its log reaches target.
//
// Why that is safe. What a vote relies on is this: a voter still holds every
// entry that it acknowledged in an earlier term and that was, or is yet to be,
// committed with its help. Let e be such an entry, acknowledged in term T before
// the damage. The target is the end of some leader L's log, told in answer to a
// question (id) that this life of the node asked, so after the damage; and L's
// term is at least T, for the node kept its term and hears no older leader.
//
//   - L's term is T: e is L's own entry, sent before it was acknowledged, and a
//     leader's log only grows. So target >= e.Index.
//   - It is later: a quorum elected L, none of it while recovering. Such a quorum
//     and the one that acknowledges e have a node in common. It acknowledged e
//     before it voted for L, and held it then: it never lost it, or had won it
//     back by this same argument, applied earlier in time. So L was elected with
//     e in its log (Leader Completeness), and target >= e.Index.
//
// All in the node's log now came, after the damage, from leaders of term T or
// later, or is a snapshot and so committed: up to e.Index it is such a leader's,
// and holds e. The same shows that the leader may go on counting what the node
// acknowledged before the damage; but it would never send that again. So a
// refusal says Lost, and the leader forgets what it believed of the node.
//
// The caller keeps Recovery set across restarts until Recovering turns false.
type recovery struct {
	id      uint64 // marks the question; 0: nothing is being recovered
	target  uint64 // 0: not known yet
	term    uint64 // of the leader that told it
	elapsed int    // ticks since the last question
}

// Recovering says that this node lost part of its log and does not vote yet.
func (n *Node) Recovering() bool { return n.recovery.id != 0 }

// tickRecovery asks the leader where its log ends. Any answer will do, and any
// question may be lost.
func (n *Node) tickRecovery() {
	r := &n.recovery
	if !n.Recovering() || n.leader == None {
		return
	}
	if r.elapsed++; r.elapsed < n.cfg.HeartbeatTicks {
		return
	}
	r.elapsed = 0
	n.sendNow(Message{Type: MsgReadIndex, To: n.leader, ReadID: r.id})
}

// recoveryAnswered takes the leader's answer, if m is it. Of one leader the
// first counts: its log goes on growing.
func (n *Node) recoveryAnswered(m Message) bool {
	r := &n.recovery
	if r.id == 0 || m.ReadID != r.id {
		return false
	}
	if m.HintIndex > 0 && r.term != m.Term {
		r.target, r.term = m.HintIndex, m.Term
		n.maybeRecovered()
	}
	return true
}

// maybeRecovered ends the recovery once the target is durable.
func (n *Node) maybeRecovered() {
	if n.recovery.target > 0 && n.log.stable >= n.recovery.target {
		n.recovery = recovery{}
	}
}

// heartbeatWhileLost: the commit index that a leader believes this node to hold
// may be of entries that are gone. Appends tell it for sure; and the leader is
// told, as it may have nothing to append.
func (n *Node) heartbeatWhileLost(m Message) {
	if m.Commit > n.log.last() && n.installing == nil {
		n.sendAfterAppend(Message{Type: MsgAppendResp, To: m.From, Reject: true, Index: m.Commit,
			HintIndex: n.log.last(), HintTerm: n.log.lastTerm()})
	}
}
