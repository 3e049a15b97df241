package rafttest

import (
	"bytes"

	"raftkv/node/kv/kvpb"
	"raftkv/raft"
)

// apply is one item of the state machine's queue: entries, or a snapshot to
// put in place of the whole state.
type apply struct {
	entries []raft.Entry
	install *snapshotFile
}

func (n *node) enqueueApply(a apply) {
	if len(a.entries) == 0 && a.install == nil {
		return
	}
	n.applies = append(n.applies, a)
	n.runApply()
}

// runApply works off the queue one item at a time, each after a delay.
func (n *node) runApply() {
	if n.applying || len(n.applies) == 0 {
		return
	}
	n.applying = true
	next := n.applies[0]
	n.applies = n.applies[1:]
	n.after(n.w.nodeDice.between(n.w.plan.applyMin, n.w.plan.applyMax), func() {
		n.applying = false
		if !n.effect() {
			return
		}
		if next.install != nil {
			n.applySnapshot(*next.install)
		} else {
			n.applyEntries(next.entries)
		}
		n.runApply()
	})
}

func (n *node) applyEntries(entries []raft.Entry) {
	last := entries[len(entries)-1]
	n.w.note(record{node: n.id, step: stepApply, v: [4]uint64{entries[0].Index, last.Index}})
	for _, e := range entries {
		if e.Index <= n.kv.AppliedIndex() {
			continue // a snapshot that was installed meanwhile covers it
		}
		if !n.applyOne(e) {
			return
		}
	}
	n.eng.ApplyDone(last.Index)
	n.serveReads()
	n.maybeSnapshot()
	n.wake()
}

func (n *node) applyOne(e raft.Entry) bool {
	data := n.w.plantApply(n, e)
	if e.Type != raft.EntryCommand {
		data = nil
	}
	results, err := n.kv.Apply(e.Index, data)
	if err != nil {
		n.w.fail("apply", "node %d at %d/%d: %v", n.id, e.Index, e.Term, err)
		return false
	}
	n.lastTerm = e.Term
	n.w.checks.applied(n, e)
	n.answer(e, results)
	return true
}

// applySnapshot builds a fresh state from the bytes and puts it in place.
func (n *node) applySnapshot(f snapshotFile) {
	if f.meta.Index > n.kv.AppliedIndex() {
		fresh, err := restore(f)
		if err != nil {
			n.w.fail("install", "node %d at %d: %v", n.id, f.meta.Index, err)
			return
		}
		n.kv = fresh
		n.lastTerm = f.meta.Term
		n.forgetWaiters(f.meta.Index)
	}
	n.snapshotDone(f.meta, true)
	n.w.checks.restored(n)
	n.serveReads()
}

// maybeSnapshot starts a snapshot when enough has been applied since the last.
func (n *node) maybeSnapshot() {
	at := n.kv.AppliedIndex()
	if n.snapping || n.installs > 0 || at < n.disk.snap.meta.Index+n.w.plan.snapshotEvery {
		return
	}
	conf, ok := n.membershipAt(at)
	if !ok {
		return // it has not heard yet who is a member
	}
	n.snapping = true
	var buf bytes.Buffer
	if err := n.kv.Snapshot().Save(&buf); err != nil {
		n.w.fail("snapshot", "node %d at %d: %v", n.id, at, err)
		return
	}
	file := snapshotFile{raft.SnapshotMeta{Index: at, Term: n.lastTerm, Conf: conf}, n.w.plantSnapshot(buf.Bytes())}
	if n.w.planted(PlantCompactFirst) {
		n.snapshotDurable(file)
	}
	n.after(n.w.diskDice.around(20*n.w.plan.diskMax), func() {
		n.snapping = false
		if n.disk.inTrouble() {
			n.crash() // a snapshot that cannot be written ends the node, as a log does
			return
		}
		if n.effect() {
			n.disk.keep(file)
			n.snapshotDurable(file)
		}
	})
}

// snapshotDurable compacts the engine's log and, in its turn, the disk's.
func (n *node) snapshotDurable(f snapshotFile) {
	n.w.note(record{node: n.id, step: stepSnapshot, v: [4]uint64{f.meta.Index, f.meta.Term}})
	if f.meta.Index < n.disk.snap.meta.Index {
		return // a newer one was installed while this was written
	}
	keepFrom := f.meta.Index + 1 - min(f.meta.Index, n.w.plan.trailing)
	if err := n.eng.Compact(f.meta, keepFrom); err != nil {
		return // the engine has gone past it
	}
	n.enqueue(write{pieces: []func(){func() { n.disk.compact(keepFrom) }}})
}

// waiter is what a proposal left behind: who to tell when its index is applied.
type waiter struct {
	term     uint64
	requests []*request
}

// propose packs the commands that wait into one entry, as the runtime does.
func (n *node) propose() {
	if len(n.proposals) == 0 {
		return
	}
	batch := n.proposals
	n.proposals = nil
	cmds := make([]*kvpb.Command, len(batch))
	for i, r := range batch {
		cmds[i] = r.cmd
	}
	data, err := encode(cmds)
	if err != nil {
		n.w.fail("simulator", "encode: %v", err)
		return
	}
	index, term, err := n.eng.Propose(data)
	if err != nil {
		for _, r := range batch {
			r.answer(reply{outcome: refused, leader: n.eng.Leader()})
		}
		return
	}
	n.checkOverwritten(index)
	n.waiting[index] = waiter{term, batch}
}

// checkOverwritten answers those whose entry at index has been overwritten by
// a newer one of this node's own: they wait for nothing.
func (n *node) checkOverwritten(index uint64) {
	if old, ok := n.waiting[index]; ok {
		for _, r := range old.requests {
			r.answer(reply{outcome: unknown})
		}
	}
}

// answer tells those who wait for an index what became of their command. An
// entry of another term in its place means that it never will be applied.
func (n *node) answer(e raft.Entry, results []*kvpb.Result) {
	w, ok := n.waiting[e.Index]
	if !ok {
		return
	}
	delete(n.waiting, e.Index)
	for i, r := range w.requests {
		if w.term != e.Term {
			r.answer(reply{outcome: refused, leader: n.eng.Leader()})
			continue
		}
		r.answer(reply{outcome: done, result: results[i]})
	}
}

// forgetWaiters answers those whose index a snapshot has swallowed: the
// state machine knows what became of them, this node does not.
func (n *node) forgetWaiters(upTo uint64) {
	for index := range sortedKeys(n.waiting) {
		if index > upTo {
			continue
		}
		for _, r := range n.waiting[index].requests {
			r.answer(reply{outcome: unknown})
		}
		delete(n.waiting, index)
	}
}
