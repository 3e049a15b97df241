package rafttest

import (
	"fmt"
	"time"
)

// cutSet is a set of directed links that are cut together and healed together.
type cutSet struct {
	ne    *nemesis
	hold  bool
	links [][2]uint64
}

// newCuts decides at random whether what is cut is dropped or held: held
// messages come late, after the healing.
func (ne *nemesis) newCuts() *cutSet { return &cutSet{ne: ne, hold: ne.dice.chance(0.3)} }

func (cs *cutSet) oneWay(from, to uint64) {
	if from == to {
		return
	}
	cs.links = append(cs.links, [2]uint64{from, to})
	cs.ne.w.net.cut(from, to, cs.hold)
}

func (cs *cutSet) both(a, b uint64) {
	cs.oneWay(a, b)
	cs.oneWay(b, a)
}

func (cs *cutSet) heal() {
	for _, l := range cs.links {
		cs.ne.w.net.heal(l[0], l[1], cs.hold)
	}
}

func (cs *cutSet) String() string { return fmt.Sprint(cs.links, " hold ", cs.hold) }

// halves splits the nodes in two groups that do not hear each other.
func (ne *nemesis) halves() (string, func()) {
	cs, ids := ne.newCuts(), ne.dice.shuffled(ne.w.members)
	at := ne.dice.IntN(len(ids))
	for _, a := range ids[:at] {
		for _, b := range ids[at:] {
			cs.both(a, b)
		}
	}
	return cs.String(), cs.heal
}

func (ne *nemesis) isolateNode(id uint64, clients bool) (string, func()) {
	cs := ne.newCuts()
	for _, other := range ne.w.members {
		cs.both(id, other)
	}
	if !clients {
		return cs.String(), cs.heal
	}
	ne.w.net.clientCut[id]++
	return cs.String() + " and from clients", func() {
		ne.w.net.clientCut[id]--
		cs.heal()
	}
}

func (ne *nemesis) isolate() (string, func()) {
	return ne.isolateNode(ne.dice.pick(ne.w.members), ne.dice.chance(0.5))
}

func (ne *nemesis) isolateLeader() (string, func()) {
	return ne.isolateNode(ne.theLeader().number, true)
}

// leaderFromPeers leaves the leader to its clients: a stale read's chance.
func (ne *nemesis) leaderFromPeers() (string, func()) {
	return ne.isolateNode(ne.theLeader().number, false)
}

// oneWay cuts what one node sends: it hears, and nobody hears it.
func (ne *nemesis) oneWay() (string, func()) {
	cs, id := ne.newCuts(), ne.someone().number
	for _, other := range ne.w.members {
		cs.oneWay(id, other)
	}
	return cs.String(), cs.heal
}

// deaf cuts what one node would receive.
func (ne *nemesis) deaf() (string, func()) {
	cs, id := ne.newCuts(), ne.someone().number
	for _, other := range ne.w.members {
		cs.oneWay(other, id)
	}
	return cs.String(), cs.heal
}

// bridge splits the nodes in two groups that share one node.
func (ne *nemesis) bridge() (string, func()) {
	cs, ids := ne.newCuts(), ne.dice.shuffled(ne.w.members)
	for i, a := range ids[1:] {
		for _, b := range ids[i+2:] {
			if i%2 == 0 {
				cs.both(a, b)
			}
		}
	}
	return cs.String(), cs.heal
}

// ring lets each node hear a majority, its neighbours in a ring, and no two nodes
// the same one. Three nodes are all neighbours.
func (ne *nemesis) ring() (string, func()) {
	cs, ids := ne.newCuts(), ne.dice.shuffled(ne.w.members)
	reach := (len(ids)/2 + 1) / 2 // to each side
	for i, a := range ids {
		for j, b := range ids[:i] {
			if apart := i - j; apart > reach && len(ids)-apart > reach {
				cs.both(a, b)
			}
		}
	}
	return cs.String(), cs.heal
}

// bridgeLeader cuts one voter off from the leader alone: partial connectivity,
// in which elections may go on for ever.
func (ne *nemesis) bridgeLeader() {
	leader, other := ne.w.leader(ne.w.members), ne.dice.pick(ne.w.plan.voters)
	if leader == 0 || other == leader || len(ne.w.plan.voters) < 3 {
		return
	}
	ne.w.net.cut(leader, other, false)
	ne.w.net.cut(other, leader, false)
}

// randomLinks cuts any set of directed links.
func (ne *nemesis) randomLinks() (string, func()) {
	cs, p := ne.newCuts(), ne.dice.Float64()
	for _, a := range ne.w.members {
		for _, b := range ne.w.members {
			if ne.dice.chance(p) {
				cs.oneWay(a, b)
			}
		}
	}
	return cs.String(), cs.heal
}

// flapping cuts and heals one node's links again and again.
func (ne *nemesis) flapping() (string, func()) {
	id, over := ne.someone().number, false
	var flap func()
	flap = func() {
		if over {
			return
		}
		_, heal := ne.isolateNode(id, false)
		ne.w.after(ne.dice.between(20*time.Millisecond, 300*time.Millisecond), func() {
			heal()
			ne.w.after(ne.dice.between(20*time.Millisecond, 300*time.Millisecond), flap)
		})
	}
	flap()
	return fmt.Sprint(id), func() { over = true }
}

// lossy loses and doubles many messages.
func (ne *nemesis) lossy() (string, func()) {
	loss, dup := ne.dice.Float64()*0.5, ne.dice.Float64()*0.3
	nt := ne.w.net
	nt.loss, nt.dup = nt.loss+loss, nt.dup+dup
	return fmt.Sprintf("%.2f dup %.2f", loss, dup), func() { nt.loss, nt.dup = nt.loss-loss, nt.dup-dup }
}

// slowNetwork delays every message by up to about an election timeout.
func (ne *nemesis) slowNetwork() (string, func()) {
	by := ne.dice.between(20*time.Millisecond, 300*time.Millisecond)
	ne.w.net.slow += by
	return by.String(), func() { ne.w.net.slow -= by }
}
