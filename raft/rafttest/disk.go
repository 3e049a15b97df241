package rafttest

import (
	"fmt"
	"time"

	"raftkv/raft"
	"raftkv/raft/membership"
)

// snapshotFile is a snapshot with the state machine's bytes.
type snapshotFile struct {
	meta raft.SnapshotMeta
	data []byte
}

// disk is what a node finds again after a crash, and the writes on their way
// to it. Writes happen in order. A write consists of pieces, each of which is
// on the disk whole or not at all; a crash leaves a prefix of the pieces of the
// write that was running, and nothing of those behind it.
type disk struct {
	hs   raft.HardState
	snap snapshotFile
	// log is contiguous. It may begin at or below the snapshot.
	log []raft.Entry
	// record is the folder's part in its cluster.
	record membership.Record
	// damaged says that something that was here is not.
	damaged bool
	// promised says that a life of this node may have promised leases.
	promised bool

	queue []write
	// running is how many writes of the queue are being carried out together:
	// all that had queued when the disk became free (group commit).
	running    int
	stallUntil time.Duration
	// failing counts the faults that let every write fail, full those that leave
	// room for no more than room entries. They outlast the process.
	failing, full, room int
}

// write is one queued unit: its pieces, and what happens when all are durable;
// done is told whether to pass the mark on to the engine.
type write struct {
	pieces  []func()
	entries int // that it appends
	install bool
	done    func(mark bool)
}

// inTrouble says that a snapshot finds no room, or no working disk.
func (d *disk) inTrouble() bool { return d.failing > 0 || d.full > 0 }

// began is what the log starts behind. Before the first snapshot of its own the
// membership is that of the founding.
func (d *disk) began() raft.SnapshotMeta {
	meta := d.snap.meta
	if len(meta.Conf.Voters) == 0 && d.record.Phase == membership.Member {
		meta.Conf.Voters = d.record.Founders
	}
	return meta
}

// takes says whether the running writes succeed together, and uses up room for them.
func (d *disk) takes() bool {
	entries, install := 0, false
	for _, w := range d.queue[:d.running] {
		entries += w.entries
		install = install || w.install
	}
	if d.failing > 0 || d.full > 0 && (install || entries > d.room) {
		return false
	}
	d.room -= entries
	return true
}

// lastIndex is the last index the disk holds, in its log or its snapshot.
func (d *disk) lastIndex() uint64 {
	if n := len(d.log); n > 0 {
		return max(d.log[n-1].Index, d.snap.meta.Index)
	}
	return d.snap.meta.Index
}

// entry returns the log's entry at index.
func (d *disk) entry(index uint64) (raft.Entry, bool) {
	if len(d.log) == 0 || index < d.log[0].Index || index > d.log[len(d.log)-1].Index {
		return raft.Entry{}, false
	}
	return d.log[index-d.log[0].Index], true
}

// holds tells whether the entry (index, term) would be found after a crash.
func (d *disk) holds(index, term uint64) bool {
	if e, ok := d.entry(index); ok {
		return e.Term == term
	}
	return index <= d.snap.meta.Index
}

// truncateFrom drops the entries at and above index.
func (d *disk) truncateFrom(index uint64) {
	if len(d.log) == 0 || index > d.log[len(d.log)-1].Index {
		return
	}
	d.log = d.log[: max(index, d.log[0].Index)-d.log[0].Index : max(index, d.log[0].Index)-d.log[0].Index]
}

// append adds entries behind the last one. A gap is a bug of the simulator or
// of the engine, and is reported.
func (d *disk) append(entries []raft.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	if first := entries[0].Index; len(d.log) > 0 && first != d.log[len(d.log)-1].Index+1 {
		return fmt.Errorf("append of %d behind %d leaves a gap", first, d.log[len(d.log)-1].Index)
	}
	d.log = append(d.log, entries...)
	return nil
}

// compact drops the entries below index.
func (d *disk) compact(index uint64) {
	if len(d.log) == 0 || index <= d.log[0].Index {
		return
	}
	drop := min(index-d.log[0].Index, uint64(len(d.log)))
	d.log = append([]raft.Entry(nil), d.log[drop:]...)
}

// keep stores a snapshot unless a newer one is there.
func (d *disk) keep(s snapshotFile) {
	if s.meta.Index >= d.snap.meta.Index {
		d.snap = s
	}
}

// recover returns the entries behind the snapshot. A log that does not join
// the snapshot is dropped, as a crash between a snapshot's installation and
// the log's reset leaves it. And a snapshot, which is written beside the log,
// may be ahead of a stalled hard state: its term was then reached, and no vote
// in it ever left this node, since votes wait for the hard state.
func (d *disk) recover() ([]raft.Entry, error) {
	at := d.snap.meta.Index
	if term := d.snap.meta.Term; d.hs.Term < term {
		d.hs = raft.HardState{Term: term}
	}
	if e, ok := d.entry(at); ok && e.Term != d.snap.meta.Term || d.log != nil && d.lastIndex() <= at {
		d.log = nil
	}
	if len(d.log) == 0 {
		return nil, nil
	}
	if first := d.log[0].Index; first > at+1 {
		return nil, fmt.Errorf("the log begins at %d, the snapshot ends at %d", first, at)
	}
	tail := d.log[at+1-d.log[0].Index:]
	return append([]raft.Entry(nil), tail...), nil
}

// lose is a crash: keep decides how many of the running write's n pieces
// still reach the disk.
func (d *disk) lose(keep func(n int) int) (kept, of int) {
	var pieces []func()
	for _, w := range d.queue[:d.running] {
		pieces = append(pieces, w.pieces...)
	}
	kept = keep(len(pieces))
	for _, p := range pieces[:kept] {
		p()
	}
	d.queue, d.running, d.stallUntil = nil, 0, 0
	return kept, len(pieces)
}
