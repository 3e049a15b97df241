package rafttest

import (
	"fmt"
	"slices"

	"raftkv/raft"
	"raftkv/raft/membership"
)

// wipedFault is named by tests that go after folders that were emptied.
const wipedFault = "wiped"

// wipe ends a node and empties its folder: its next life is another member, that
// has promised nothing and was promised nothing.
func (n *node) wipe(d dice) {
	n.crash()
	n.w.checks.buries(n)
	old := n.disk
	n.disk = disk{snap: n.blank, failing: old.failing, full: old.full, room: old.room}
	n.disk.record.Incarnation = n.w.newIncarnation(n.number, d)
	n.w.note(record{node: n.id, step: stepWiped, v: [4]uint64{n.disk.record.Incarnation}})
	if n.w.planted(PlantWipedVotes) {
		n.disk.record = old.record
	}
	n.greets()
}

// newIncarnation is one that no folder of the node had: drawn, as in a real one, so
// that a later folder's id may be the lesser.
func (w *world) newIncarnation(number uint64, d dice) uint64 {
	for {
		i := 1 + uint64(d.IntN(999))
		if _, used := w.checks.graves[membership.ID(number, i)]; !used {
			return i
		}
	}
}

// wipeSome empties the folders of one or two nodes, as far as the design promises
// to survive it, and starts them again when it heals.
func (ne *nemesis) wipeSome() (string, func()) {
	some := choose(ne.dice, 1, 1, 2)
	var wiped []uint64
	for _, number := range ne.dice.shuffled(ne.w.members) {
		if n := ne.w.node(number); len(wiped) < some && ne.w.mayWipe(n) {
			n.wipe(ne.dice)
			wiped = append(wiped, number)
		}
	}
	return fmt.Sprint(wiped), func() {
		for _, number := range wiped {
			ne.w.node(number).start()
		}
	}
}

// mayWipe says that the cluster survives the loss of a node's folder.
func (w *world) mayWipe(n *node) bool {
	return w.spares(func(m *node) bool { return m == n || m.disk.damaged }) && w.foundsWithout(n)
}

// foundsWithout says that the founding goes on, or is remembered, without what a
// folder holds. Before there is a cluster that is so unless the coordinator named a
// set, which others may have accepted, or the folder was restored; and then as long
// as another founder knows that there is one.
func (w *world) foundsWithout(n *node) bool {
	if !slices.Contains(w.plan.voters, n.number) {
		return true
	}
	if w.checks.cluster == 0 {
		named := n.number == w.plan.voters[0] && (n.storing || n.disk.record.Phase != membership.Empty)
		return w.plan.founding == foundEmpty && !named
	}
	return slices.ContainsFunc(w.plan.voters, func(number uint64) bool {
		return number != n.number && w.node(number).disk.record.Phase == membership.Member
	})
}

// takeIn is what a leader does by itself about nodes that came with a new folder.
func (n *node) takeIn() {
	st := n.eng.Status()
	if cc, ok := membership.Replacement(st, n.came); ok {
		n.change(cc)
	} else if ids := n.w.unjoined(); len(ids) > 0 {
		n.change(raft.ConfChange{AddLearners: ids})
	}
	clear(n.came)
	n.round++
	for _, id := range slices.Concat(st.Conf.Voters, st.Conf.Learners) {
		if !st.Progress[id].RecentActive {
			n.ask(membership.Node(id))
		}
	}
}

// noteArrival notes who answers with a folder that is none of the members': a new
// one, or one that an earlier leader's lost change invited.
func (n *node) noteArrival(h membership.Hello, round int) {
	cluster := n.founding.Record().Cluster
	blank := h.Phase == membership.Empty && h.Origin == 0
	if round == n.round && (blank || h.Phase == membership.Member && h.Cluster == cluster) {
		n.came[h.Node] = h.ID()
	}
}

// unjoined are the plan's learners, which somebody adds as soon as there is a
// cluster.
func (w *world) unjoined() (ids []uint64) {
	for _, number := range w.plan.learners {
		if !w.checks.joined[number] {
			ids = append(ids, w.node(number).id)
		}
	}
	return ids
}

// engineID is the present one of a node; None for no node.
func (w *world) engineID(number uint64) uint64 {
	if number == 0 {
		return raft.None
	}
	return w.node(number).id
}

// replaced says that no folder of the core's nodes that was emptied is a member, and
// that the plan's voters are voters if nobody else changes the members.
func (w *world) replaced(c raft.ConfState, core []uint64) bool {
	for _, id := range slices.Concat(c.Voters, c.Learners) {
		if w.member(id) == nil && slices.Contains(core, membership.Node(id)) {
			return false
		}
	}
	return w.plan.churns() || !slices.ContainsFunc(w.plan.voters, func(number uint64) bool {
		return slices.Contains(core, number) && !slices.Contains(c.Voters, w.node(number).id)
	})
}
