package raft

import (
	"fmt"

	"raftkv/raft/tracker"
)

// appendOwn adds an entry of this term to the leader's log. A leader never
// overwrites or deletes entries of its own log (Leader Append-Only). This is the
// one place where an entry gets its checksum.
func (n *Node) appendOwn(t EntryType, data []byte) {
	e := Entry{Index: n.log.last() + 1, Term: n.hs.Term, Type: t, Data: data}.Sealed()
	n.log.append(e)
	n.uncommitted += entryBytes(&e)
	n.appendsDue = true
}

// flushAppends sends every follower what it is due. It runs once per Ready, so
// that a burst of proposals and replies makes one round of messages.
func (n *Node) flushAppends() {
	n.appendsDue = false
	for _, id := range n.peers {
		n.replicateTo(id, n.progress[id])
	}
}

// replicateTo fills one follower's window. A probe that is repeated carries no
// entries: the first may be on its way, or its receiver busy with a snapshot.
func (n *Node) replicateTo(to uint64, pr *tracker.Progress) {
	if pr.State == tracker.Probe && pr.Nudge {
		n.sendEmpty(to, pr)
		return
	}
	for !pr.Paused() && pr.Next <= n.log.last() {
		if !n.sendEntries(to, pr) {
			return
		}
	}
	if pr.WantsEmpty(n.commit) {
		n.sendEmpty(to, pr)
	}
}

// sendEntries sends one append with entries, or the snapshot if they are
// compacted. It says whether more may follow.
func (n *Node) sendEntries(to uint64, pr *tracker.Progress) bool {
	prevTerm, ok := n.log.term(pr.Next - 1)
	if !ok {
		n.sendSnapshot(to, pr)
		return false
	}
	entries, bytes := n.log.limited(pr.Next, n.cfg.MaxMsgBytes)
	n.sendNow(Message{Type: MsgAppend, To: to, Index: pr.Next - 1, LogTerm: prevTerm,
		Entries: entries, Commit: n.commit})
	pr.Sent(entries[len(entries)-1].Index, bytes, n.commit)
	return true
}

// sendEmpty sends an append without entries behind the last that was sent.
func (n *Node) sendEmpty(to uint64, pr *tracker.Progress) {
	prev := pr.Next - 1
	prevTerm, ok := n.log.term(prev)
	if !ok {
		n.sendSnapshot(to, pr)
		return
	}
	n.sendNow(Message{Type: MsgAppend, To: to, Index: prev, LogTerm: prevTerm, Commit: n.commit})
	pr.Sent(prev, 0, n.commit)
}

// handleAppendResp takes a follower's answer to an append or a snapshot.
func (n *Node) handleAppendResp(m Message, pr *tracker.Progress) error {
	if m.Reject {
		n.appendRejected(m, pr)
		return nil
	}
	if m.Index > n.log.last() {
		return fmt.Errorf("%w: %d acknowledges entry %d, the log ends at %d", ErrMalformed, m.From, m.Index, n.log.last())
	}
	news := pr.Acked(m.Index)
	n.leaveProbe(pr, m.Index)
	if news {
		n.appendsDue = true
		n.maybeCommit()
		n.maybeTimeoutNow(m.From)
		n.maybeDismiss(m.From)
	}
	return nil
}

// appendRejected steps back. The follower's hint skips whole terms: an entry of
// a term above the hint's cannot be in its log at or before the hint's index,
// so the search goes on at the last entry here that could be.
func (n *Node) appendRejected(m Message, pr *tracker.Progress) {
	if m.Lost && m.Index <= pr.Match {
		pr.Forget(m.Index)
	}
	hint := m.HintIndex
	if m.HintTerm > 0 {
		hint, _ = n.log.lastNotAbove(m.HintIndex, m.HintTerm)
	}
	if pr.Rejected(m.Index, hint) {
		n.appendsDue = true
	}
}

// leaveProbe starts pipelining once the follower's log is known to join ours:
// a probe was accepted, or a snapshot brought it up to what is still kept.
func (n *Node) leaveProbe(pr *tracker.Progress, acked uint64) {
	switch {
	case pr.State == tracker.Probe && acked == pr.Match,
		pr.State == tracker.Snapshot && pr.Match >= n.log.base:
		pr.BecomeReplicate()
		n.appendsDue = true
	}
}

// ReportUnreachable says that messages to a peer were dropped. The leader stops
// pipelining to it and probes. Other roles ignore it.
func (n *Node) ReportUnreachable(to uint64) {
	if pr := n.progress[to]; pr != nil && pr.State == tracker.Replicate {
		pr.BecomeProbe()
		n.appendsDue = true
	}
}
