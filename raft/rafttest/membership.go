package rafttest

import (
	"fmt"
	"slices"
	"time"

	"raftkv/raft"
	"raftkv/raft/membership"
)

// The nemesis that changes the membership, and the invariant that it tries:
// one committed membership follows from the other, and every commit has the
// quorum of the one in force.

// membershipFault is named by the plan, as it brings nodes with it.
const membershipFault = "membership"

// churn has somebody come or go again and again, for as long as it lasts.
func (ne *nemesis) churn() (string, func()) {
	over := false
	var again func()
	again = func() {
		if over {
			return
		}
		if n := ne.theLeader(); n.up && !n.paused && n.knowsDamage() {
			n.change(ne.change(n.eng.Status().Conf))
		}
		ne.w.after(ne.dice.around(100*time.Millisecond), again)
	}
	again()
	return "", func() { over = true }
}

// change is one of: somebody comes as a learner, all learners are promoted,
// somebody goes, or learners take somebody's place at one stroke. It goes by
// nodes, as people do: whoever is promoted takes the place of an earlier folder of
// its node, and who goes goes in every folder.
func (ne *nemesis) change(c raft.ConfState) (cc raft.ConfChange) {
	some, kind := ne.dice.pick(ne.w.members), ne.dice.IntN(4)
	of := foldersOf(c, some)
	switch {
	case kind == 0 && len(of) == 0:
		cc.AddLearners = []uint64{ne.w.engineID(some)}
	case kind == 1 || kind == 2:
		cc.AddVoters = c.Learners
		for _, id := range c.Voters {
			if membership.Successor(c, id) != raft.None {
				cc.Remove = append(cc.Remove, id)
			}
		}
	}
	promoted := slices.ContainsFunc(of, func(id uint64) bool { return slices.Contains(cc.AddVoters, id) })
	if kind >= 2 && len(c.Voters) > 1 && !promoted {
		cc.Remove = append(cc.Remove, of...)
	}
	return cc
}

// foldersOf are the members that are folders of one node.
func foldersOf(c raft.ConfState, number uint64) (ids []uint64) {
	for _, id := range slices.Concat(c.Voters, c.Learners) {
		if membership.Node(id) == number {
			ids = append(ids, id)
		}
	}
	return ids
}

// change proposes a change of members. A refusal is an answer like any other.
func (n *node) change(cc raft.ConfChange) {
	if index, _, err := n.eng.ProposeConfChange(cc); err == nil {
		n.w.checks.mayCome(index, n.eng.Status().Conf)
	}
	n.wake()
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
	for _, id := range next.Learners {
		c.joined[membership.Node(id)] = true
	}
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
		if c.protects(id, e) {
			holders++
		}
	}
	return len(set) == 0 || 2*holders > len(set)
}

// settles requires that the last change is carried through and that no folder
// that was emptied is a member any more, and leaves in core only those who are
// members then.
func (w *world) settles(core *[]uint64) bool {
	settled := func() bool {
		id := w.leader(*core)
		if id == 0 {
			return false
		}
		n := w.node(id)
		return n.eng.ConfSettled() && w.replaced(n.eng.Status().Conf, *core)
	}
	if w.until(w.now+settleWithin, settled) && !settled() {
		w.fail("liveness", "the membership is not settled %v after the healing: %v", settleWithin, w.checks.conf)
	}
	if w.failure != nil {
		return false
	}
	conf := w.node(w.leader(*core)).eng.Status().Conf
	*core = slices.DeleteFunc(*core, func(id uint64) bool {
		return !slices.Contains(slices.Concat(conf.Voters, conf.Learners), w.engineID(id))
	})
	w.note(record{step: stepHeal, note: fmt.Sprint("members ", *core)})
	return true
}
