package raft

import (
	"fmt"

	"raftkv/raft/tracker"
)

// Compact says that the caller durably holds a snapshot at meta, and drops the
// log below keepFrom, which is at most meta.Index+1; keeping more lets slow
// followers catch up without the snapshot. ErrNotApplied if the snapshot is
// ahead of what was applied, ErrCompacted if a later one is known.
func (n *Node) Compact(meta SnapshotMeta, keepFrom uint64) error {
	switch {
	case meta.Index > n.applied:
		return fmt.Errorf("compact to %d, applied %d: %w", meta.Index, n.applied, ErrNotApplied)
	case meta.Index < n.snapshot.Index:
		return fmt.Errorf("compact to %d, snapshot %d: %w", meta.Index, n.snapshot.Index, ErrCompacted)
	}
	if term, ok := n.log.term(meta.Index); ok && term != meta.Term {
		panic(fmt.Sprintf("raft: invariant broken: a snapshot agrees with the log: entry %d is of term %d, the snapshot says %d", meta.Index, term, meta.Term))
	}
	if conf, ok := n.confs.at(meta.Index); !ok || !conf.equal(meta.Conf) {
		// A later or uncommitted one would outlive what brought it (openraft#1808).
		panic(fmt.Sprintf("raft: invariant broken: a snapshot carries the membership of its index: at %d it is %v, the snapshot says %v", meta.Index, conf, meta.Conf))
	}
	n.confs.compactTo(meta.Index)
	n.snapshot = meta.clone()
	keepFrom = min(keepFrom, meta.Index+1)
	if keepFrom > n.log.first() {
		n.log.compactTo(keepFrom - 1)
		n.maybeRecovered() // the snapshot is durable, whatever the log's own disk has reported
	}
	return nil
}

// Needed is the first entry that a leader's followers will want, as far as they
// are heard: what is behind the snapshot on its way to one, or what one is not
// known to hold. A caller that compacts beyond it has to send a snapshot, and to
// one that has just got one, another. LastIndex+1 where nobody wants anything.
func (n *Node) Needed() uint64 {
	need := n.log.last() + 1
	for id, pr := range n.progress {
		if n.active(id) {
			need = min(need, pr.Needs())
		}
	}
	return need
}

// sendSnapshot sends the caller's snapshot to a follower that needs entries
// which are compacted; not to one that is not heard, as it would be wasted.
func (n *Node) sendSnapshot(to uint64, pr *tracker.Progress) {
	if !n.active(to) {
		return
	}
	meta := n.snapshot.clone()
	n.sendNow(Message{Type: MsgSnapshot, To: to, Snapshot: &meta})
	pr.BecomeSnapshot(meta.Index)
}

// ReportSnapshot says that the bytes of a MsgSnapshot were delivered, or not.
// Each MsgSnapshot needs one report: until then its receiver gets no appends.
func (n *Node) ReportSnapshot(to uint64, ok bool) {
	pr := n.progress[to]
	if pr == nil || pr.State != tracker.Snapshot {
		return
	}
	if ok {
		// Probe behind the snapshot. While it is being installed the receiver
		// drops the probes; each heartbeat's reply brings another, and the end of
		// the installation is acknowledged unasked.
		pr.BecomeProbe()
	} else {
		pr.SnapshotFailed()
	}
	// Not at once: the next heartbeat's reply shows that the receiver lives.
	pr.ProbeSent = true
}

// handleSnapshot takes a leader's snapshot (InstallSnapshot of figure 13). Of
// its three cases only the last replaces anything.
func (n *Node) handleSnapshot(m Message) {
	meta := m.Snapshot
	switch {
	case n.installing != nil:
		// One at a time; the leader hears of this one when it is done.
	case meta.Index <= n.commit:
		// All in it is here and final: nothing to install.
		n.sendAfterAppend(Message{Type: MsgAppendResp, To: m.From, Index: n.commit})
	case n.log.matches(meta.Index, meta.Term), planted(BugSnapshotKeepsSuffix) && meta.Index <= n.log.last():
		// The log agrees with it, so what follows may be the leader's too and is
		// kept; only the commit index is news.
		n.commitTo(meta.Index)
		n.sendAfterAppend(Message{Type: MsgAppendResp, To: m.From, Index: meta.Index})
	default:
		// The log ends before it or holds another entry there: no suffix of it
		// can follow the snapshot (hashicorp/raft#697). It is discarded when the
		// snapshot is in place, and not acknowledged before.
		s := meta.clone()
		n.installing = &s
		n.out.snapshot = &s
	}
}

// SnapshotDone says that Ready.Snapshot at index is durable and restored, or
// that it could not be installed, and then nothing has changed. The leader
// hears of either.
func (n *Node) SnapshotDone(index uint64, ok bool) {
	if n.installing == nil || n.installing.Index != index {
		return
	}
	meta := *n.installing
	n.installing = nil
	if ok {
		n.installed(meta)
	}
	if n.leader == None || n.role == Leader {
		return
	}
	reply := Message{Type: MsgAppendResp, To: n.leader, Index: index}
	if !ok {
		reply.Reject = true
		reply.HintIndex, reply.HintTerm = n.log.last(), n.log.lastTerm()
	}
	n.sendAfterAppend(reply)
}

// installed starts the log over behind the snapshot.
func (n *Node) installed(meta SnapshotMeta) {
	if meta.Index <= n.commit {
		panic(fmt.Sprintf("raft: invariant broken: commit never goes down: snapshot at %d installed, commit is %d", meta.Index, n.commit))
	}
	n.log.reset(meta.Index, meta.Term)
	n.commit, n.handed, n.applied = meta.Index, meta.Index, meta.Index
	n.snapshot = meta
	n.confs = newConfLog(meta.Index, meta.Conf, nil)
	n.adoptConf()
	n.role = n.idleRole()
	n.maybeRecovered()
}
