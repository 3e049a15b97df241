package node

import (
	"slices"
	"time"
)

// snapshotCall is somebody who waits for a snapshot up to an index. It is
// answered once, with the newest snapshot's index, or with 0 at the deadline.
type snapshotCall struct {
	index    uint64
	deadline time.Time
	answer   chan<- uint64 // has room for one
}

// wantSnapshot takes a call and begins at once if it can.
func (l *loop) wantSnapshot(c snapshotCall) {
	l.snapshots.wanted = append(l.snapshots.wanted, c)
	l.serveSnapshots()
}

// serveSnapshots answers the calls whose snapshot is durable, and those whose
// time is up, and writes another snapshot if one is still wanted. One that was
// being written when a call came may be too old for it.
func (l *loop) serveSnapshots() {
	last := l.snapshots.last.Index
	l.snapshots.wanted = slices.DeleteFunc(l.snapshots.wanted, func(c snapshotCall) bool {
		switch {
		case last >= c.index:
			c.answer <- last
		case l.now.After(c.deadline):
			c.answer <- 0
		default:
			return false
		}
		return true
	})
	if len(l.snapshots.wanted) > 0 && !l.snapshots.busy {
		l.save()
	}
}
