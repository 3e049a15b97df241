package rafttest

import (
	"time"

	"raftkv/raft"
	"raftkv/raft/membership"
)

// link is one direction between two nodes. Cuts are counted, so that faults
// may overlap and heal one by one.
type link struct {
	drops, holds int
	// kept are the messages of a link that holds them until it heals.
	kept []func()
	// bends counts the faults that bend messages, connection the connections that
	// were broken off because of one.
	bends, connection int
}

// network carries messages between nodes and requests from clients to nodes.
type network struct {
	w     *world
	links [][]link // by sender, receiver
	// clientCut counts the cuts between the clients and a node.
	clientCut []int
	// extra trouble while a fault lasts
	loss, dup float64
	slow      time.Duration
	bent      int // messages, so far
}

func (nt *network) link(from, to uint64) *link {
	return &nt.links[membership.Node(from)][membership.Node(to)]
}

func newNetwork(w *world, nodes int) *network {
	nt := &network{w: w, links: make([][]link, nodes+1), clientCut: make([]int, nodes+1)}
	for i := range nt.links {
		nt.links[i] = make([]link, nodes+1)
	}
	return nt
}

// send puts a message on its way: it may be lost, doubled or late.
func (nt *network) send(from *node, m raft.Message, file snapshotFile) {
	nt.w.plantMessage(from, &m)
	nt.w.note(record{node: m.From, step: stepSend, msg: bare(m), n: len(m.Entries)})
	l := nt.link(m.From, m.To)
	if l.drops > 0 || nt.w.netDice.chance(nt.w.plan.loss+nt.loss) {
		nt.lost(from, m)
		return
	}
	deliver := nt.delivery(from, nt.wire(l, m), nt.envelope(from, m, file))
	if l.holds > 0 {
		l.kept = append(l.kept, deliver)
		return
	}
	nt.w.after(nt.delay(m), deliver)
	if nt.w.netDice.chance(nt.w.plan.dup + nt.dup) {
		nt.w.after(nt.delay(m), deliver)
	}
}

// lost tells the sender, half of the time, that its peer is out of reach, as
// a broken connection would. A lost snapshot is always noticed.
func (nt *network) lost(from *node, m raft.Message) {
	nt.w.note(record{node: m.From, step: stepLost, msg: bare(m), n: len(m.Entries)})
	if m.Type == raft.MsgSnapshot {
		from.after(nt.w.netDice.around(100*time.Millisecond), func() { from.reportSnapshot(m.To, false) })
		return
	}
	if nt.w.netDice.chance(0.5) {
		from.after(nt.delay(m), func() {
			from.eng.ReportUnreachable(m.To)
			from.wake()
		})
	}
}

// delivery is what happens when the message arrives. Its entries are hashed
// now and then: an engine that writes into memory it has handed out is caught.
func (nt *network) delivery(from *node, m frame, e envelope) func() {
	sum := sumEntries(m.Entries)
	epoch := from.epoch
	return func() {
		to := nt.w.node(m.To)
		if nt.refuses(from, &m) {
			return
		}
		if sum != sumEntries(m.Entries) {
			nt.w.fail("immutability", "the entries of %s changed on their way", describe(&m.Message, len(m.Entries)))
			return
		}
		to.receive(func() { to.arrived(m.Message, e) })
		if m.Type == raft.MsgSnapshot && from.epoch == epoch {
			up := to.up && to.id == m.To
			from.after(nt.delay(m.Message), func() { from.reportSnapshot(m.To, up) })
		}
	}
}

// receive runs do in the process: now, when it goes on, or never if it is down.
func (n *node) receive(do func()) {
	switch {
	case !n.up:
	case n.paused:
		epoch := n.epoch
		n.held = append(n.held, func() {
			if n.epoch == epoch {
				n.receive(do)
			}
		})
	default:
		if n.effect() {
			do()
		}
	}
}

func (nt *network) delay(m raft.Message) time.Duration {
	p, d := &nt.w.plan, nt.w.netDice
	t := d.between(p.netMin, p.netMax) + d.between(0, nt.slow)
	if d.chance(p.straggler) {
		t += d.between(0, p.stragglerMax)
	}
	if m.Type == raft.MsgSnapshot {
		t += d.around(20 * time.Millisecond)
	}
	return t
}

// cut stops what goes from one node to another: dropped, or held till it heals.
func (nt *network) cut(from, to uint64, hold bool) {
	if hold {
		nt.link(from, to).holds++
	} else {
		nt.link(from, to).drops++
	}
}

// heal undoes one cut. What was held comes now, all of it, in any order.
func (nt *network) heal(from, to uint64, hold bool) {
	l := nt.link(from, to)
	if !hold {
		l.drops--
		return
	}
	if l.holds--; l.holds > 0 {
		return
	}
	for _, deliver := range l.kept {
		nt.w.after(nt.delay(raft.Message{}), deliver)
	}
	l.kept = nil
}

// toNode carries a client's request, or a reply, unless it is lost.
func (nt *network) toNode(id uint64, do func()) {
	if nt.clientCut[id] > 0 || nt.w.netDice.chance(nt.w.plan.clientLoss) {
		return
	}
	nt.w.after(nt.w.netDice.between(nt.w.plan.netMin, nt.w.plan.netMax), do)
}

// bare is a message without its entries, for the trace.
func bare(m raft.Message) raft.Message {
	m.Entries = nil
	return m
}
