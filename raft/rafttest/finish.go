package rafttest

import (
	"fmt"
	"time"

	"raftkv/history"
	"raftkv/history/check"
)

// finish is the end of a run: a quorum heals and has to make progress, then
// everything is read once more, compared and judged.
func (w *world) finish() {
	core := w.nemesis.healCore()
	w.note(record{step: stepHeal, note: fmt.Sprint("core ", core)})
	if w.plan.founding == halfRestored {
		return // nobody may serve, and nobody has
	}
	if w.progresses(core) && w.settles(&core) && w.finalReads(core) && w.converges(core) && w.stays(core) && !w.opts.SkipJudge {
		w.judge()
	}
}

// progresses requires that one of the core leads, and that a write which was
// invoked after the healing succeeds, within a bound.
func (w *world) progresses(core []uint64) bool {
	healed, seen := w.now, len(w.events)
	written := false
	ok := w.until(healed+electWithin, func() bool {
		for ; seen < len(w.events); seen++ {
			e := w.events[seen]
			written = written || e.Kind == history.Ok && e.F != history.Get
		}
		return written && w.leader(core) != 0
	})
	if ok && (!written || w.leader(core) == 0) {
		w.fail("liveness", "%v after a quorum healed: a write succeeded %t, leader %d", electWithin, written, w.leader(core))
	}
	return w.failure == nil
}

// leader is the node that most recently became leader among ids, if any.
func (w *world) leader(ids []uint64) (id uint64) {
	term := uint64(0)
	for _, i := range ids {
		if n := w.node(i); n.up && n.eng.Leader() == n.id && n.eng.Term() > term {
			id, term = i, n.eng.Term()
		}
	}
	return id
}

// finalReads stops the clients and has every key read from every core node.
func (w *world) finalReads(core []uint64) bool {
	for _, c := range w.clients {
		c.stopped = true
	}
	if !w.until(w.now+callTimeout+time.Second, w.clientsIdle) {
		return false
	}
	missing := 0
	for _, id := range core {
		for k := range w.plan.keys {
			missing++
			w.finalRead(id, fmt.Sprintf("k%d", k), func() { missing-- })
		}
	}
	if w.until(w.now+convergeWithin, func() bool { return missing == 0 }) && missing > 0 {
		w.fail("liveness", "%d final reads unanswered after %v", missing, convergeWithin)
	}
	return w.failure == nil
}

func (w *world) clientsIdle() bool {
	for _, c := range w.clients {
		if c.busy {
			return false
		}
	}
	return true
}

// finalRead reads until it gets an answer.
func (w *world) finalRead(id uint64, key string, then func()) {
	c := w.newClient()
	c.stopped = true
	var read func()
	read = func() {
		c.start(&call{f: history.Get, key: key, node: id, final: true, then: func(ok bool) {
			if ok {
				then()
			} else {
				read()
			}
		}})
	}
	read()
}

// converges requires that the core's replicas become equal.
func (w *world) converges(core []uint64) bool {
	equal := func() bool {
		first := w.node(core[0])
		for _, id := range core {
			n := w.node(id)
			if n.eng.Commit() != first.eng.Commit() || n.kv.AppliedIndex() != n.eng.Commit() {
				return false
			}
		}
		return true
	}
	if w.until(w.now+convergeWithin, equal) && !equal() {
		w.fail("liveness", "replicas still differ %v after the last request", convergeWithin)
	}
	for _, id := range core[1:] {
		if w.failure == nil && w.node(id).kv.Hash() != w.node(core[0]).kv.Hash() {
			w.fail("state machine safety", "nodes %d and %d differ at the end, at index %d", id, core[0], w.node(id).kv.AppliedIndex())
		}
	}
	return w.failure == nil
}

// stalledUntil is when the last disk of the core goes on: a stall lasts its time,
// whatever heals meanwhile, and a leader whose disk stands still does not stay.
func (w *world) stalledUntil(core []uint64) time.Duration {
	last := w.now
	for _, id := range core {
		last = max(last, w.node(id).disk.stallUntil)
	}
	return last
}

// stays requires that a healed quorum keeps its leader: whoever is still sick,
// or cut off from that leader alone, must not start elections without end.
func (w *world) stays(core []uint64) bool {
	w.until(w.stalledUntil(core)+settleFor, func() bool { return false })
	if len(core) == len(w.members) {
		w.nemesis.bridgeLeader()
	}
	before := w.highestTerm(core)
	w.until(w.now+stayFor, func() bool { return false })
	if after := w.highestTerm(core); w.failure == nil && after != before {
		w.fail("stability", "the healed quorum went from term %d to %d within %v, long after the healing", before, after, stayFor)
	}
	return w.failure == nil
}

func (w *world) highestTerm(ids []uint64) (term uint64) {
	for _, id := range ids {
		term = max(term, w.node(id).eng.Term())
	}
	return term
}

// judge gives the clients' history to the judge. If its search for an order ran
// out of time, the run is undecided: no failure, and no proof either.
func (w *world) judge() {
	ops, err := history.Pair(w.events)
	if err != nil {
		w.fail("simulator", "the history does not pair: %v", err)
		return
	}
	v := check.Judge(ops, check.Options{Budget: judgeFor})
	switch {
	case v.Result == check.Pass:
		return
	case v.Result == check.Inconclusive && len(v.Undecided) > 0:
		w.undecided = v.Summary
		return
	}
	detail := v.Summary
	for _, violation := range v.Violations {
		detail += "\n" + string(violation.Kind) + ", key " + violation.Key + ": " + violation.Words
	}
	w.fail("history "+string(v.Result), "%s", detail)
}
