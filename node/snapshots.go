package node

import (
	"fmt"
	"time"

	"raftkv/node/kv"
	"raftkv/node/snapshot"
	"raftkv/raft"
)

// trailingBytes bounds what stays in the log behind a snapshot.
const trailingBytes = 16 << 20

// heldBehind is for how many snapshots' worth of log a leader waits for followers
// that need it: one that is sent a snapshot while clients write must find, when it
// has it, what was written meanwhile, or it would be sent snapshots for ever. The
// bound is for those that never get there.
const heldBehind = 4

// keptSnapshots on disk: the newest, and the one before in case a peer is
// still reading it.
const keptSnapshots = 2

// snapshots decides when to take one. Owned by the loop.
type snapshots struct {
	dir *snapshot.Dir
	// last is the newest durable snapshot.
	last raft.SnapshotMeta
	// bytes handed to the machine since then.
	bytes uint64
	// tail holds the sizes of the newest handed entries, tailEnd the index of
	// the last of them.
	tail    []int
	tailEnd uint64
	busy    bool // a snapshot is being taken
	// installed counts the snapshots taken over from a leader.
	installed uint64
	// wanted are the callers who wait for one.
	wanted []snapshotCall
}

// grow counts an entry that was handed to the machine.
func (s *snapshots) grow(e raft.Entry) {
	s.bytes += uint64(len(e.Data))
	s.tail = append(s.tail, len(e.Data))
	s.tailEnd = e.Index
}

// due says whether the log has grown enough for another snapshot.
func (s *snapshots) due(applied uint64, c *Config) bool {
	return !s.busy && applied > s.last.Index && (applied-s.last.Index >= c.SnapshotEntries || s.bytes >= c.SnapshotBytes)
}

// keepFrom is the first entry to keep behind a snapshot at index: a follower
// that lags less than this, or that is heard and needs it, needs no snapshot. It
// also trims tail.
func (s *snapshots) keepFrom(index, need uint64, c *Config) uint64 {
	from, bytes := index+1, 0
	for i := len(s.tail) - 1; i >= 0; i-- {
		at := s.tailEnd - uint64(len(s.tail)-1-i)
		if at > index {
			continue
		}
		bytes += s.tail[i]
		if !c.trails(index-at, bytes) && (at < need || !c.holds(index-at, bytes)) {
			break
		}
		from = at
	}
	if drop := len(s.tail) - int(s.tailEnd-from+1); drop > 0 {
		s.tail = append([]int(nil), s.tail[drop:]...)
	}
	return from
}

// trails says whether an entry with so many behind it, of so many bytes with its
// own, stays in any case.
func (c *Config) trails(behind uint64, bytes int) bool {
	return behind < c.TrailingEntries && bytes <= trailingBytes
}

// holds says whether it stays for who needs it.
func (c *Config) holds(behind uint64, bytes int) bool {
	return behind/heldBehind < c.SnapshotEntries && uint64(bytes)/heldBehind < c.SnapshotBytes
}

// applied is the machine's report.
func (l *loop) applied(a applied) {
	if a.err != nil {
		l.fail(a.err)
		return
	}
	l.raft.ApplyDone(a.index)
	l.backlog.applied(a.index)
	if l.snapshots.due(a.index, l.config) {
		l.save()
	}
}

// save takes a copy-on-write view in the machine's order. The machine goes on
// while it is written.
func (l *loop) save() {
	l.snapshots.busy = true
	l.machine.view(func(s *kv.Store, term uint64) {
		view := s.Snapshot()
		l.events.put(func(l *loop) { l.write(view, term) })
	})
}

// write has the saver's goroutine write a view, with the membership that was in
// force at its index: not a later one, which may yet be undone (openraft#1808).
func (l *loop) write(view *kv.Snapshot, term uint64) {
	conf, err := l.raft.ConfAt(view.AppliedIndex())
	if err != nil || len(conf.Voters) == 0 {
		// A newer snapshot was installed meanwhile; or the log that a joining node
		// has so far does not say yet who is a member.
		l.snapshots.busy = false
		return
	}
	meta := raft.SnapshotMeta{Index: view.AppliedIndex(), Term: term, Conf: conf}
	l.saver.Go(func() {
		start := time.Now()
		info, err := l.snapshots.dir.Create(meta, view.Save)
		took := time.Since(start)
		l.events.put(func(l *loop) { l.saved(info, took, err) })
	})
}

// saved compacts what a durable snapshot has made superfluous.
func (l *loop) saved(info snapshot.Info, took time.Duration, err error) {
	l.snapshots.busy = false
	if err != nil {
		l.fail(fmt.Errorf("write a snapshot: %w", err))
		return
	}
	l.trace.Saved(info.Meta)
	l.log.Info("took a snapshot", "index", info.Meta.Index, "bytes", info.Bytes, "took", took)
	l.metrics.snapshotSeconds.Observe(took.Seconds())
	l.metrics.snapshotBytes.Set(float64(info.Bytes))
	if info.Meta.Index <= l.snapshots.last.Index {
		return // an installed one is newer
	}
	l.snapshots.last, l.snapshots.bytes = info.Meta, 0
	// The machine reports a batch as a whole; the view was taken within one, and
	// proves that it had applied this far.
	l.raft.ApplyDone(info.Meta.Index)
	from := l.snapshots.keepFrom(info.Meta.Index, l.raft.Needed(), l.config)
	if err := l.raft.Compact(info.Meta, from); err != nil {
		l.fail(fmt.Errorf("compact the log behind snapshot %d: %w", info.Meta.Index, err))
		return
	}
	l.compact(from)
	l.retain()
	if l.snapshots.due(l.raft.Applied(), l.config) {
		l.save() // so much was applied meanwhile; perhaps nothing else is for long
	}
}

// retain deletes old files on the saver's goroutine: a large one takes a while.
func (l *loop) retain() {
	last := l.snapshots.last
	l.saver.Go(func() {
		if err := l.snapshots.dir.Retain(keptSnapshots, last); err != nil {
			l.log.Warn("could not remove old snapshots", "error", err)
		}
	})
}
