package rafttest

import (
	"time"

	"raftkv/raft"
)

// persist queues a Ready's durable part, with what has to wait for it.
func (n *node) persist(rd raft.Ready) {
	w := write{pieces: n.pieces(rd), entries: len(rd.Entries), install: rd.Snapshot != nil}
	if len(w.pieces) == 0 && len(rd.MessagesAfterAppend) == 0 && rd.Snapshot == nil {
		return
	}
	install := rd.Snapshot
	ok := install == nil || !n.w.diskDice.chance(n.w.plan.installFails)
	if install != nil {
		n.installs++
		w.pieces = append(w.pieces, n.installPieces(*install, ok)...)
	}
	w.done = func(mark bool) { n.durable(rd, mark, install, ok) }
	n.enqueue(w)
}

// pieces splits a Ready's write where a crash may: the hard state, the
// truncation, and the entries in two parts.
func (n *node) pieces(rd raft.Ready) (out []func()) {
	if hs := rd.HardState; hs != nil {
		out = append(out, func() { n.disk.hs = *hs })
	}
	if len(rd.Entries) == 0 {
		return out
	}
	entries := rd.Entries
	cut := n.w.diskDice.IntN(len(entries) + 1)
	return append(out,
		func() { n.truncate(entries[0].Index) },
		func() { n.append(entries[:cut]) },
		func() { n.append(entries[cut:]) })
}

func (n *node) truncate(index uint64) {
	n.w.checks.truncated(n, index)
	n.w.plantTruncated(n, index)
	n.disk.truncateFrom(index)
}

func (n *node) append(entries []raft.Entry) {
	if err := n.disk.append(entries); err != nil {
		n.w.fail("disk", "node %d: %v", n.id, err)
	}
}

// installPieces keep the received snapshot first and reset the log behind it.
func (n *node) installPieces(meta raft.SnapshotMeta, ok bool) []func() {
	file, found := n.incoming[meta.Index]
	if !found || file.meta.Term != meta.Term {
		n.w.fail("engine", "node %d installs a snapshot at %d/%d that it never received", n.id, meta.Index, meta.Term)
		return nil
	}
	if !ok {
		return nil
	}
	keep := func() { n.disk.keep(file) }
	reset := func() {
		if meta.Index >= n.disk.snap.meta.Index {
			n.disk.log = nil
		}
	}
	if n.w.planted(PlantInstallUndurable) {
		n.after(2*time.Second, keep)
		return []func(){reset}
	}
	return []func(){keep, reset}
}

// enqueue gives a write to the disk.
func (n *node) enqueue(w write) {
	if n.w.planted(PlantAckBeforeSync) && w.done != nil {
		acknowledge := w.done
		n.after(0, func() { acknowledge(true) })
		w.done = nil
	}
	n.disk.queue = append(n.disk.queue, w)
	n.runDisk()
}

// runDisk carries out all that is queued as one write, unless one is running.
// The disk belongs to the machine, so it goes on while the process is paused.
func (n *node) runDisk() {
	d := &n.disk
	if d.running > 0 || len(d.queue) == 0 {
		return
	}
	d.running = len(d.queue)
	took := n.w.diskDice.between(n.w.plan.diskMin, n.w.plan.diskMax) + max(0, d.stallUntil-n.w.now)
	epoch := n.epoch
	n.w.after(took, func() {
		if n.epoch == epoch {
			n.completeDisk(epoch)
		}
	})
}

func (n *node) completeDisk(epoch int) {
	d := &n.disk
	if wait := d.stallUntil - n.w.now; wait > 0 {
		n.w.after(wait, func() {
			if n.epoch == epoch {
				n.completeDisk(epoch)
			}
		})
		return
	}
	if !d.takes() {
		// The first failed write is the last: what it left on the disk is not known,
		// and no later one may succeed over it (cockroach#37102).
		n.crash()
		return
	}
	done := append([]write(nil), d.queue[:d.running]...)
	d.queue, d.running = append([]write(nil), d.queue[d.running:]...), 0
	for _, w := range done {
		for _, piece := range w.pieces {
			piece()
		}
	}
	n.after(0, func() { n.completed(done) })
	n.runDisk()
}

// completed is the process hearing that writes are durable. Of writes that were
// carried out together it may pass on only the last mark, as the engine allows.
func (n *node) completed(writes []write) {
	every := n.w.diskDice.chance(0.5)
	for i, w := range writes {
		if w.done == nil {
			continue
		}
		if w.done(every || i == lastDone(writes)); !n.up {
			return
		}
	}
	n.wake()
}

// lastDone is the last write that somebody waits for.
func lastDone(writes []write) int {
	for i := len(writes) - 1; i >= 0; i-- {
		if writes[i].done != nil {
			return i
		}
	}
	return -1
}

// durable tells the engine, and sends what waited.
func (n *node) durable(rd raft.Ready, tell bool, install *raft.SnapshotMeta, ok bool) {
	if !n.effect() {
		return
	}
	mark := rd.Durable()
	n.w.note(record{node: n.id, step: stepDurable, v: [4]uint64{mark.HardState.Term, mark.HardState.Vote, mark.Index}})
	if tell {
		n.eng.AppendDone(mark)
	}
	if install != nil {
		n.installed(*install, ok)
	}
	for _, m := range rd.MessagesAfterAppend {
		if !n.effect() {
			return
		}
		n.send(m)
	}
	n.wake()
}

// installed passes a durable snapshot on to the state machine, or says that
// it could not be installed.
func (n *node) installed(meta raft.SnapshotMeta, ok bool) {
	file := n.incoming[meta.Index]
	delete(n.incoming, meta.Index)
	if !ok {
		n.snapshotDone(meta, false)
		return
	}
	n.enqueueApply(apply{install: &file})
}

func (n *node) snapshotDone(meta raft.SnapshotMeta, ok bool) {
	n.installs--
	n.w.note(record{node: n.id, step: stepInstall, v: [4]uint64{meta.Index, meta.Term, number(ok)}})
	if ok {
		n.w.checks.installed(n, meta)
	}
	n.eng.SnapshotDone(meta.Index, ok)
	n.wake()
}
