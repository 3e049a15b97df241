package raft

import (
	"fmt"
	"slices"
)

// actionKind is what may happen next in a small world.
type actionKind uint8

const (
	actDeliver actionKind = iota
	actCopy               // deliver, and leave a duplicate on its way
	actCampaign
	actPropose
	actBeat
	actCrash // and start again from the disk
	actDisk  // the oldest write completes
)

// action is one step of a path.
type action struct {
	kind actionKind
	node uint64
	m    Message
}

func (a action) String() string {
	names := [...]string{"deliver", "deliver a copy of", "campaign", "propose", "heartbeat", "crash and restart", "disk completes a write"}
	if a.kind > actCopy {
		return fmt.Sprintf("%d: %s", a.node, names[a.kind])
	}
	return fmt.Sprintf("%s %d>%d %s term %d index %d/%d entries %v commit %d reject %t", names[a.kind], a.m.From, a.m.To,
		a.m.Type, a.m.Term, a.m.Index, a.m.LogTerm, termsOf(a.m.Entries), a.m.Commit, a.m.Reject)
}

// actions lists all that may happen in w, in a fixed order.
func (w *world) actions() (all []action) {
	for i, f := range w.flight {
		if i > 0 && w.flight[i-1].sum == f.sum {
			continue // a twin: delivering either is the same
		}
		all = append(all, action{kind: actDeliver, node: f.m.To, m: f.m})
		if w.left.copies > 0 {
			all = append(all, action{kind: actCopy, node: f.m.To, m: f.m})
		}
	}
	for i, s := range w.nodes {
		all = append(all, w.ownActions(uint64(i+1), s)...)
	}
	return all
}

func (w *world) ownActions(id uint64, s *smallNode) (all []action) {
	add := func(may bool, kind actionKind) {
		if may {
			all = append(all, action{kind: kind, node: id})
		}
	}
	leads := s.eng.role == Leader
	add(w.left.campaigns > 0 && !leads && s.eng.promotable(), actCampaign)
	add(w.left.proposals > 0 && leads, actPropose)
	add(w.left.beats > 0 && leads, actBeat)
	add(w.left.crashes > 0, actCrash)
	add(len(s.pending) > 0, actDisk)
	return all
}

// after is the world that an action leads to. An engine's panic is a broken rule.
func (w *world) after(a action, async bool) (next *world, broken string) {
	defer func() {
		if p := recover(); p != nil {
			broken = fmt.Sprint("panic: ", p)
		}
	}()
	next = &world{nodes: slices.Clone(w.nodes), flight: slices.Clone(w.flight), seen: w.seen, left: w.left, trail: &trail{w.trail, a}}
	s := w.nodes[a.node-1].clone()
	next.nodes[a.node-1] = s
	next.act(a, s)
	next.settle(s, async)
	return next, ""
}

func (w *world) act(a action, s *smallNode) {
	switch a.kind {
	case actDeliver, actCopy:
		w.take(a)
		if err := s.eng.Step(a.m); err != nil {
			panic(err)
		}
	case actCampaign:
		w.left.campaigns--
		// At once for real: pre-votes only ever prevent elections.
		s.eng.campaignForReal(false)
	case actPropose:
		w.left.proposals--
		if _, _, err := s.eng.Propose(fmt.Appendf(nil, "%d by %d in %d", w.left.proposals, a.node, s.eng.hs.Term)); err != nil {
			panic(err)
		}
	case actBeat:
		w.left.beats--
		s.eng.tickFollowers()
		s.eng.broadcastHeartbeat()
	case actCrash:
		w.left.crashes--
		s.restart()
	case actDisk:
		w.complete(s)
	}
}

// take removes a delivered message, unless a copy of it stays.
func (w *world) take(a action) {
	if a.kind == actCopy {
		w.left.copies--
		return
	}
	sum := sumOf(a.m)
	i := slices.IndexFunc(w.flight, func(f flying) bool { return f.sum == sum })
	w.flight = slices.Delete(w.flight, i, i+1)
}

// restart forgets all but the disk.
func (s *smallNode) restart() {
	cfg := s.eng.cfg
	cfg.HardState, cfg.Entries = s.hs, s.entries
	eng, err := New(cfg)
	if err != nil {
		panic(err)
	}
	s.eng, s.pending = eng, nil
}

// complete makes the oldest write durable, tells the engine, and sends what
// waited for it.
func (w *world) complete(s *smallNode) {
	rd := s.pending[0]
	s.pending = slices.Clone(s.pending[1:])
	if rd.HardState != nil {
		s.hs = *rd.HardState
	}
	if len(rd.Entries) > 0 {
		s.entries = append(slices.Clip(s.entries[:rd.Entries[0].Index-1]), rd.Entries...)
	}
	w.send(rd.MessagesAfterAppend)
	s.eng.AppendDone(rd.Durable())
}

// settle takes the engine's Readys; a synchronous disk completes each at once.
func (w *world) settle(s *smallNode, async bool) {
	for s.eng.HasReady() {
		rd := s.eng.Ready()
		w.send(rd.Messages)
		if k := len(rd.Committed); k > 0 {
			s.eng.ApplyDone(rd.Committed[k-1].Index)
		}
		rd.Messages, rd.Committed = nil, nil
		if rd.HardState != nil || len(rd.Entries) > 0 || len(rd.MessagesAfterAppend) > 0 {
			s.pending = append(s.pending, rd)
		}
		for !async && len(s.pending) > 0 {
			w.complete(s)
		}
	}
	s.seal(nil)
}
