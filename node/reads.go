package node

import (
	"crypto/rand"
	"encoding/binary"
	"time"

	"raftkv/raft"
)

// reads are the linearizable reads on this node (dissertation, section 6.4).
// One batch at a time is being confirmed; what arrives meanwhile is the next.
// Owned by the loop.
type reads struct {
	waiting []*request
	// asked is the batch being confirmed under id, since askedAt.
	asked   []*request
	id      uint64
	askedAt time.Time
	// confirmed batches wait until the machine was handed their index.
	confirmed []readBatch
	// fresh is what the youngest of them proved.
	fresh confirmation
	// count is told how many reads were confirmed, and how; byLease adds up those
	// that a lease confirmed.
	count   func(reads int, byLease bool)
	byLease uint64
}

type readBatch struct {
	index    uint64
	requests []*request
}

// newReads starts the ids at random: a reply to an earlier life of this node
// must never match a batch of this one.
func newReads(m *metrics) reads {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails: it ends the program instead
	return reads{id: binary.LittleEndian.Uint64(b[:]), count: m.countReads}
}

// ask has the waiting reads confirmed, unless a batch is under way already.
// Without a known leader they go on waiting.
func (l *loop) ask() {
	rd := &l.reads
	if len(rd.asked) > 0 || len(rd.waiting) == 0 {
		return
	}
	rd.id++
	if err := l.raft.ReadIndex(rd.id); err != nil {
		return
	}
	rd.asked, rd.waiting, rd.askedAt = rd.waiting, nil, l.now
}

// confirm takes the engine's answers. One to an older id was asked again
// since; using it would be safe, matching it is not worth the state.
func (rd *reads) confirm(states []raft.ReadState) {
	for _, s := range states {
		if s.ReadID == rd.id && len(rd.asked) > 0 {
			rd.confirmed = append(rd.confirmed, readBatch{s.Index, rd.asked})
			rd.count(len(rd.asked), s.ByLease)
			if s.ByLease {
				rd.byLease += uint64(len(rd.asked))
			}
			rd.fresh = confirmation{rd.askedAt, s.Index}
			rd.asked = nil
		}
	}
}

// release hands to the machine every batch whose index it was handed before:
// it works in order, so by then everything up to that index is applied.
func (l *loop) release() {
	kept := l.reads.confirmed[:0]
	for _, b := range l.reads.confirmed {
		if b.index <= l.handed {
			l.machine.read(b.requests)
		} else {
			kept = append(kept, b)
		}
	}
	clear(l.reads.confirmed[len(kept):])
	l.reads.confirmed = kept
}

// retry asks again for a batch whose question or answer was lost.
func (rd *reads) retry(now time.Time, patience time.Duration) {
	if len(rd.asked) > 0 && now.Sub(rd.askedAt) > patience {
		rd.waiting = append(rd.asked, rd.waiting...)
		rd.asked = nil
	}
}

// expire answers the reads whose time is up, wherever they wait.
func (rd *reads) expire(now time.Time) {
	rd.waiting = expireReads(rd.waiting, now)
	rd.asked = expireReads(rd.asked, now)
	for i := range rd.confirmed {
		rd.confirmed[i].requests = expireReads(rd.confirmed[i].requests, now)
	}
}

func expireReads(rs []*request, now time.Time) []*request {
	kept := rs[:0]
	for _, r := range rs {
		if now.After(r.deadline) {
			r.tooLate()
		} else {
			kept = append(kept, r)
		}
	}
	clear(rs[len(kept):])
	return kept
}
