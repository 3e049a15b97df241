package rafttest

import (
	"slices"
	"time"

	"raftkv/raft"
	"raftkv/raft/membership"
)

// What package node does with package membership: nodes greet each other, found
// their cluster from empty folders or restored ones, and follow a leader that
// takes them in.

// How often a node asks others who they are, until it is a member and then.
const (
	greetNewcomer = 60 * time.Millisecond
	greetMember   = 200 * time.Millisecond
	clusterName   = "simulated"
)

// identity is what a process knows of its folder's part in the cluster.
type identity struct {
	founding *membership.Founding
	storing  bool              // a record is on its way to the disk
	came     map[uint64]uint64 // nodes that answered with a new folder, since the leader asked last
	round    int               // of the leader's questions
}

// greets begins from what the folder says.
func (n *node) greets() {
	var founders []uint64
	if slices.Contains(n.w.plan.voters, n.number) {
		founders = n.w.plan.voters
	}
	n.id = membership.ID(n.number, n.disk.record.Incarnation)
	n.identity = identity{
		founding: membership.NewFounding(clusterName, n.number, founders, n.disk.record),
		came:     map[uint64]uint64{}, round: n.round,
	}
}

func (n *node) member() bool { return n.founding.Record().Phase == membership.Member }

func (n *node) scheduleGreeting() {
	every := greetNewcomer
	if n.member() {
		every = greetMember
	}
	n.after(n.w.nodeDice.between(every/2, 3*every/2), func() {
		n.greet()
		n.scheduleGreeting()
	})
}

// greet asks around: a newcomer the founders, a leader the members that it does
// not hear.
func (n *node) greet() {
	switch {
	case n.eng.Role() == raft.Leader:
		n.takeIn()
	case !n.member():
		n.proceed()
		for _, number := range n.w.plan.voters {
			n.ask(number)
		}
	}
}

// ask exchanges greetings with another node, if the network lets it.
func (n *node) ask(number uint64) {
	if number == n.number {
		return
	}
	mine, round, epoch := n.founding.Hello(), n.round, n.epoch
	n.w.net.greeting(n, number, func() {
		m := n.w.node(number)
		m.hear(mine)
		theirs := m.founding.Hello()
		n.w.net.greeting(m, n.number, func() {
			if n.epoch != epoch {
				return // whoever asked is gone
			}
			n.hear(theirs)
			n.noteArrival(theirs, round)
		})
	})
}

// greeting carries a greeting, which is lost, doubled or late like any message.
func (nt *network) greeting(from *node, to uint64, deliver func()) {
	l := nt.link(from.number, to)
	if l.drops > 0 || nt.w.netDice.chance(nt.w.plan.loss+nt.loss) {
		return
	}
	arrive := func() { nt.w.node(to).receive(deliver) }
	if l.holds > 0 {
		l.kept = append(l.kept, arrive)
		return
	}
	nt.w.after(nt.delay(raft.Message{}), arrive)
	if nt.w.netDice.chance(nt.w.plan.dup + nt.dup) {
		nt.w.after(nt.delay(raft.Message{}), arrive)
	}
}

func (n *node) hear(h membership.Hello) {
	n.plantHello(h)
	n.founding.Hear(h)
	n.proceed()
}

// proceed stores what follows from the greetings.
func (n *node) proceed() {
	if r, ok := n.founding.Next(); ok {
		n.store(r)
	}
}

// store makes a record durable, and only then goes by it.
func (n *node) store(r membership.Record) {
	if n.storing {
		return
	}
	n.storing = true
	n.w.checks.naming(n, r)
	n.enqueue(write{
		pieces: []func(){func() {
			n.disk.record = r
			n.w.checks.recorded(n, r)
		}},
		done: func(bool) { n.stored(r) },
	})
}

func (n *node) stored(r membership.Record) {
	if !n.effect() {
		return
	}
	n.storing = false
	n.founding.Stored(r)
	if r.Phase == membership.Member && len(r.Founders) > 0 {
		if err := n.eng.Found(raft.ConfState{Voters: r.Founders}); err != nil {
			n.w.fail("engine", "node %d is not founded: %v", n.id, err)
		}
	}
	n.proceed()
	n.wake()
}

// envelope is what a stream's greeting says of who sends.
type envelope struct {
	file    snapshotFile
	cluster uint64
	learner bool // the receiver, to a sender that dials a folder which knows of nothing
}

func (nt *network) envelope(from *node, m raft.Message, file snapshotFile) envelope {
	e := envelope{file: file, cluster: from.founding.Record().Cluster}
	if !nt.w.node(m.To).member() {
		e.learner = slices.Contains(from.eng.Status().Conf.Learners, m.To)
	}
	return e
}

// admits says whether a message may be given to the engine: it is for this folder,
// and of its cluster. A folder that is new follows who dials it by its own id.
func (n *node) admits(m *raft.Message, e envelope) bool {
	switch r := n.founding.Record(); {
	case m.To != n.id:
		return false
	case r.Phase == membership.Member:
		return r.Cluster == e.cluster
	}
	if r, err := n.founding.Invited(e.cluster, m.To, e.learner); err == nil {
		n.store(r)
	}
	return false // it comes again
}

// arrived takes a message from the wire.
func (n *node) arrived(m raft.Message, e envelope) {
	n.w.plantDelivery(&m)
	n.w.note(record{node: m.To, step: stepDeliver, msg: bare(m), n: len(m.Entries)})
	if n.admits(&m, e) {
		n.step(m, e.file)
		n.plantReply(m)
	}
}
