package rafttest

import (
	"time"

	"raftkv/raft"
)

// readRetry is how long the runtime waits for a ReadState before it asks again
// under a new id.
const readRetry = 150 * time.Millisecond

// confirmedRead is a batch of reads that may be served once index is applied.
type confirmedRead struct {
	index    uint64
	requests []*request
}

// askReads asks for one confirmation of all the reads that wait.
func (n *node) askReads() {
	if len(n.asking) == 0 {
		return
	}
	batch := n.asking
	n.asking = nil
	if n.w.planted(PlantReadFromMemory) && n.eng.Role() == raft.Leader {
		n.serve(batch)
		return
	}
	n.w.readID++
	id := n.w.readID
	if err := n.eng.ReadIndex(id); err != nil {
		for _, r := range batch {
			r.answer(reply{outcome: refused, leader: n.eng.Leader()})
		}
		return
	}
	n.w.checks.readAsked(id)
	n.reads[id] = batch
	n.after(readRetry, func() { n.askAgain(id) })
}

// askAgain takes up the reads of a confirmation that did not come.
func (n *node) askAgain(id uint64) {
	batch, ok := n.reads[id]
	if !ok {
		return
	}
	delete(n.reads, id)
	for _, r := range batch {
		if n.w.now < r.deadline {
			n.asking = append(n.asking, r)
		}
	}
	n.wake()
}

// confirm takes the engine's answer to a ReadIndex.
func (n *node) confirm(rs raft.ReadState) {
	n.w.note(record{node: n.id, step: stepRead, v: [4]uint64{rs.ReadID, rs.Index}})
	n.w.checks.readConfirmed(n, rs)
	batch, ok := n.reads[rs.ReadID]
	if !ok {
		return
	}
	delete(n.reads, rs.ReadID)
	if n.w.planted(PlantReadUnapplied) {
		n.serve(batch)
		return
	}
	n.confirmed = append(n.confirmed, confirmedRead{rs.Index, batch})
	n.serveReads()
}

// serveReads serves the confirmed reads whose index has been applied.
func (n *node) serveReads() {
	waiting := n.confirmed[:0]
	for _, c := range n.confirmed {
		if c.index > n.kv.AppliedIndex() {
			waiting = append(waiting, c)
			continue
		}
		n.serve(c.requests)
	}
	n.confirmed = waiting
}

func (n *node) serve(batch []*request) {
	for _, r := range batch {
		value, found := n.kv.Get(r.key)
		r.answer(reply{outcome: done, value: value, found: found})
	}
}
