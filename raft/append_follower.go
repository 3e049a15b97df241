package raft

import "fmt"

// HoldAppends says whether appends are dropped as they come, because the caller
// has enough to do with the entries that it was given. The leader's window to
// this node fills then, and it sends again soon after appends are taken again.
// Meanwhile the node acknowledges nothing new, but hears its leader, votes, and
// is told what is committed of the log that it has.
func (n *Node) HoldAppends(hold bool) { n.holding = hold }

// handleAppend takes a leader's entries (AppendEntries of figure 2).
func (n *Node) handleAppend(m Message) {
	if n.installing != nil {
		// The log is about to be replaced; nothing said of it now would hold.
		return
	}
	if n.holding {
		return
	}
	if m.Index < n.commit {
		m = n.skipCommitted(m)
	}
	if !n.log.matches(m.Index, m.LogTerm) {
		n.rejectAppend(m)
		return
	}
	last := m.Index + uint64(len(m.Entries))
	n.takeEntries(m.Entries)
	// Only what this message verified: entries behind it may be left over from
	// another leader, even below the leader's commit (scylladb#9965).
	n.commitTo(min(m.Commit, last))
	if planted(BugCommitUnverified) {
		n.commitTo(min(m.Commit, n.log.last()))
	}
	n.sendAfterAppend(Message{Type: MsgAppendResp, To: m.From, Index: last})
}

// skipCommitted cuts off the part of an append that is committed here. Every
// leader holds it already, so it needs no check, and the entry before it may be
// compacted here.
func (n *Node) skipCommitted(m Message) Message {
	known := min(n.commit-m.Index, uint64(len(m.Entries)))
	if known == n.commit-m.Index {
		n.checkCommitted(m.From, m.Entries[known-1])
	}
	m.Entries = m.Entries[known:]
	m.Index = n.commit
	m.LogTerm, _ = n.log.term(n.commit)
	return m
}

// checkCommitted asserts that a leader's entry at the commit index is ours.
func (n *Node) checkCommitted(from uint64, e Entry) {
	if !n.log.matches(e.Index, e.Term) {
		term, _ := n.log.term(e.Index)
		panic(fmt.Sprintf("raft: invariant broken: leaders hold all committed entries: entry %d is of term %d, leader %d of term %d has term %d there",
			e.Index, term, from, n.hs.Term, e.Term))
	}
}

// takeEntries adds what is new. Entries are removed only where one conflicts:
// an append that is late or shorter must not cut off what a newer one brought
// and this node acknowledged (openraft#511).
func (n *Node) takeEntries(entries []Entry) {
	fresh := entries[n.log.firstNew(entries):]
	if len(fresh) == 0 {
		return
	}
	from := fresh[0].Index
	if from <= n.commit {
		panic(fmt.Sprintf("raft: invariant broken: committed entries are final: truncation from %d, commit is %d", from, n.commit))
	}
	cut := false
	if from <= n.log.last() {
		n.log.truncateFrom(from)
		cut = n.confs.truncateFrom(from)
	}
	n.log.append(fresh...)
	if n.confs.append(fresh) || cut {
		n.adoptConf()
	}
}

// rejectAppend refuses an append behind an entry that is not here, with the
// last entry here that the leader could have in common: its term at m.Index is
// known, so entries of later terms up to there are not.
func (n *Node) rejectAppend(m Message) {
	index, term := n.log.lastNotAbove(m.Index, m.LogTerm)
	if index < n.commit {
		index = n.commit
		term, _ = n.log.term(index)
	}
	n.sendAfterAppend(Message{Type: MsgAppendResp, To: m.From, Reject: true, Index: m.Index,
		HintIndex: index, HintTerm: term})
}
