package rafttest

import (
	"fmt"

	"raftkv/raft"
)

// damageFault is named by tests that go after damage.
const damageFault = "damaged disk"

// damage takes from a node's disk what it may have acknowledged: the end of its
// log, or all of it and the snapshot too. The disk knows that it was damaged,
// and its term and vote are kept twice, so they survive.
func (n *node) damage(d dice) {
	n.crash()
	if d.chance(0.3) {
		n.disk.log, n.disk.snap = nil, n.blank
	} else if k := len(n.disk.log); k > 0 {
		keep := d.IntN(k)
		n.disk.log = n.disk.log[:keep:keep]
	}
	n.disk.damaged = true
}

// damageOne damages a node, as long as the nodes that were and have not
// recovered remain a minority: more than that no majority protocol survives.
func (ne *nemesis) damageOne() (string, func()) {
	n := ne.someone()
	if !ne.w.spares(func(m *node) bool { return m == n || m.disk.damaged }) {
		return "nobody", func() {}
	}
	n.damage(ne.dice)
	return fmt.Sprint(n.number), n.start
}

// recoveryID is another number in every life of a node; 0 if its disk is whole.
func (n *node) recoveryID() uint64 {
	if !n.disk.damaged || n.w.planted(PlantDamageIsAbsence) {
		return 0
	}
	return 1<<63 | uint64(n.epoch)
}

// noteRecovery takes the mark off the disk once the engine says that all is
// there again.
func (n *node) noteRecovery() {
	if n.disk.damaged && !n.eng.Recovering() && !n.w.planted(PlantDamageIsAbsence) {
		n.disk.damaged = false
		n.w.checks.recoveries++
		n.w.note(record{node: n.number, step: stepHeal, note: fmt.Sprint("recovered ", n.number)})
	}
}

// promises tells whether a node's vote protects an entry: its disk holds it, or it
// does not vote before it does. The damage may have taken what it acknowledged.
func (d *disk) promises(e raft.Entry) bool {
	return d.damaged || d.holds(e.Index, e.Term)
}
