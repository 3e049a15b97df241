package rafttest

import (
	"slices"

	"raftkv/raft"
)

// What the design promises to survive: in every membership that is, or may yet
// come, in force, the voters that lost part of their logs and have not won it
// back, and those whose folders were emptied and that are not replaced yet, are
// together a minority. So the nemesis damages or empties a disk only if that stays so; and
// the engine refuses a change of membership that would end it (checkQuorum in
// raft/confchange.go). No leader knows at once of damage elsewhere, so the nemesis
// proposes nothing until it does (docs/INVARIANTS.md says what that means).

// pendingConf is a membership that somebody appended and nobody committed yet.
type pendingConf struct {
	index uint64
	conf  raft.ConfState
}

// mayCome notes a membership that was appended somewhere. It may come in force
// as long as nothing else is committed at its index: from a log, a disk or a
// message on its way.
func (c *checker) mayCome(index uint64, conf raft.ConfState) {
	c.pending = append(c.pending, pendingConf{index, conf})
}

// confAppended notes the membership in an entry that no log held before.
func (c *checker) confAppended(e raft.Entry) {
	if conf, err := raft.DecodeConfState(e.Data); e.Type == raft.EntryConfChange && err == nil {
		c.mayCome(e.Index, conf)
	}
}

// confs is every membership that is, or may come, in force.
func (c *checker) confs() []raft.ConfState {
	c.pending = slices.DeleteFunc(c.pending, func(p pendingConf) bool { return p.index <= uint64(len(c.committed)) })
	out := append([]raft.ConfState{c.conf}, c.mayBeFounded()...)
	for _, p := range c.pending {
		out = append(out, p.conf)
	}
	return out
}

// knowsDamage says that of no node whose disk is damaged or was emptied this leader
// still believes that its log is all there.
func (n *node) knowsDamage() bool {
	for id, p := range n.eng.Status().Progress {
		if m := n.w.member(id); id != n.id && p.Whole && (m == nil || m.disk.damaged) {
			return false
		}
	}
	return true
}

// spares says that all memberships keep a majority without the nodes that are
// out and those whose folders were emptied, of both sets while they are joint.
func (w *world) spares(out func(*node) bool) bool {
	most := func(set []uint64) bool {
		lost := 0
		for _, id := range set {
			if m := w.member(id); m == nil || out(m) {
				lost++
			}
		}
		return len(set) == 0 || 2*lost < len(set)
	}
	return !slices.ContainsFunc(w.checks.confs(), func(c raft.ConfState) bool {
		return !most(c.Voters) || !most(c.VotersOutgoing)
	})
}
