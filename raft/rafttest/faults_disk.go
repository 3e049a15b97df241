package rafttest

import "fmt"

// stall keeps a disk from completing anything for a while.
func (ne *nemesis) stall(n *node) (string, func()) {
	n.disk.stallUntil = ne.w.now + ne.duration()
	return fmt.Sprint(n.number, " until ", n.disk.stallUntil), func() {}
}

func (ne *nemesis) diskStall() (string, func()) {
	return ne.stall(ne.w.node(ne.dice.pick(ne.w.members)))
}

func (ne *nemesis) diskStallLeader() (string, func()) { return ne.stall(ne.theLeader()) }

// trouble lasts until it heals; the node that ended because of it starts again then.
func (ne *nemesis) trouble(n *node, begin, end func(d *disk)) (string, func()) {
	begin(&n.disk)
	return fmt.Sprint(n.number), func() {
		end(&n.disk)
		n.start()
	}
}

// diskFails lets every write fail (EIO). The first one ends the process, and so it
// does after each restart.
func (ne *nemesis) diskFails() (string, func()) {
	return ne.trouble(ne.someone(), func(d *disk) { d.failing++ }, func(d *disk) { d.failing-- })
}

// diskFills leaves room for a few entries and no snapshot (ENOSPC). Term and vote find
// room all the same, so the node may still vote, and be elected, only to end at its
// no-op.
func (ne *nemesis) diskFills() (string, func()) {
	room := ne.dice.IntN(20)
	return ne.trouble(ne.someone(), func(d *disk) { d.full, d.room = d.full+1, room }, func(d *disk) { d.full-- })
}
