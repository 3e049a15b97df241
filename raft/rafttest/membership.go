package rafttest

import (
	"fmt"
	"slices"
	"time"

	"raftkv/raft"
)

// The nemesis that changes the membership, and the invariant that it tries:
// one committed membership follows from the other, and every commit has the
// quorum of the one in force.

// membershipFault is named by the plan, as it brings nodes with it.
const membershipFault = "membership"

// founders is the membership that the cluster starts with.
func (p *plan) founders() raft.ConfState {
	return raft.ConfState{Voters: slices.Clone(p.voters), Learners: slices.Clone(p.learners)}
}

// churn has somebody come or go again and again, for as long as it lasts.
func (ne *nemesis) churn() (string, func()) {
	over := false
	var again func()
	again = func() {
		if over {
			return
		}
		if n := ne.theLeader(); n.up && !n.paused && n.knowsDamage() {
			// A refusal is an answer like any other.
			if index, _, err := n.eng.ProposeConfChange(ne.change(n.eng.Status())); err == nil {
				ne.w.checks.mayCome(index, n.eng.Status().Conf)
			}
			n.wake()
		}
		ne.w.after(ne.dice.around(100*time.Millisecond), again)
	}
	again()
	return "", func() { over = true }
}

// change is one of: somebody comes as a learner, all learners are promoted,
// somebody goes, or learners take somebody's place at one stroke.
func (ne *nemesis) change(s raft.Status) (cc raft.ConfChange) {
	some, kind := ne.dice.pick(ne.w.members), ne.dice.IntN(4)
	switch {
	case kind == 0 && !slices.Contains(s.Conf.Voters, some):
		cc.AddLearners = []uint64{some}
	case kind == 1 || kind == 2:
		cc.AddVoters = s.Conf.Learners
	}
	if kind >= 2 && len(s.Conf.Voters) > 1 && !slices.Contains(cc.AddVoters, some) {
		cc.Remove = []uint64{some}
	}
	return cc
}

// membershipAt is what belongs into a snapshot; false if it is not known yet.
func (n *node) membershipAt(index uint64) (raft.ConfState, bool) {
	conf, err := n.eng.ConfAt(index)
	if n.w.planted(PlantNewestMembership) {
		conf = n.eng.Status().Conf
	}
	return conf, err == nil && len(conf.Voters) > 0
}

// membership checks a newly committed one against the last: voters change only
// through a joint one, and that is left before anything else changes.
func (c *checker) membership(n *node, e raft.Entry) {
	if e.Type != raft.EntryConfChange {
		return
	}
	next, err := raft.DecodeConfState(e.Data)
	was := c.conf
	joint := len(was.VotersOutgoing) > 0
	switch {
	case err != nil:
		c.w.fail("membership", "node %d commits entry %d: %v", n.id, e.Index, err)
	case joint && (len(next.VotersOutgoing) > 0 || !slices.Equal(was.Voters, next.Voters)),
		!joint && len(next.VotersOutgoing) > 0 && !slices.Equal(was.Voters, next.VotersOutgoing),
		!joint && len(next.VotersOutgoing) == 0 && !slices.Equal(was.Voters, next.Voters):
		c.w.fail("membership", "node %d commits %+v behind %+v", n.id, next, was)
	}
	c.conf = next
	c.changes++
}

// quorumHolds: who commits first leads, and a quorum of its membership has the
// entry on disk, of both sets while it is joint. It may have proposed another
// one since it committed, so any from the entry on will do.
func (c *checker) quorumHolds(n *node, e raft.Entry) {
	conf := n.eng.Status().Conf
	for index := n.eng.LastIndex(); index >= e.Index; index-- {
		if at, err := n.eng.ConfAt(index); err == nil && c.majorityHolds(at.Voters, e) && c.majorityHolds(at.VotersOutgoing, e) {
			return
		}
	}
	c.w.fail("quorum durable", "node %d commits %d/%d, which no quorum's disks of %+v hold", n.id, e.Index, e.Term, conf)
}

// majorityHolds says that most of a set have an entry on disk, or that it is empty.
func (c *checker) majorityHolds(set []uint64, e raft.Entry) bool {
	holders := 0
	for _, id := range set {
		if c.w.node(id).promises(e) {
			holders++
		}
	}
	return len(set) == 0 || 2*holders > len(set)
}

// settles requires that the last change is carried through, and leaves in core
// only those who are members then.
func (w *world) settles(core *[]uint64) bool {
	if !w.plan.churns() {
		return true
	}
	settled := func() bool {
		id := w.leader(*core)
		if id == 0 {
			return false
		}
		s := w.node(id).eng.Status()
		return s.ConfIndex <= s.Commit && len(s.Conf.VotersOutgoing) == 0
	}
	if w.until(w.now+electWithin, settled) && !settled() {
		w.fail("liveness", "the membership is not settled %v after the last change", electWithin)
	}
	if w.failure != nil {
		return false
	}
	conf := w.node(w.leader(*core)).eng.Status().Conf
	*core = slices.DeleteFunc(*core, func(id uint64) bool {
		return !slices.Contains(conf.Voters, id) && !slices.Contains(conf.Learners, id)
	})
	w.note(record{step: stepHeal, note: fmt.Sprint("members ", *core)})
	return true
}
