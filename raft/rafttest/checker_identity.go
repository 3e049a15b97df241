package rafttest

import (
	"slices"

	"raftkv/raft"
	"raftkv/raft/membership"
)

// The part of the checker that looks at who a member is: folders that were
// emptied, and the one founding of the cluster.

// identities is the checker's bookkeeping of them.
type identities struct {
	// graves are folders as they were when they were emptied, by engine id.
	graves  map[uint64]disk
	joined  map[uint64]bool // learners that were added, by number
	cluster uint64          // its identity, once it exists
	named   []raft.ConfState
}

// buries keeps what a folder held when it was emptied.
func (c *checker) buries(n *node) { c.graves[n.id] = n.disk }

// protects tells whether a voter keeps an entry from being lost: what it holds or,
// of a folder that was emptied, what it held. Nobody speaks for that one any more,
// so no quorum that lacks the entry has it as a member.
func (c *checker) protects(id uint64, e raft.Entry) bool {
	if grave, ok := c.graves[id]; ok {
		return grave.promises(e)
	}
	return c.w.node(id).disk.promises(e)
}

// speaks: nobody gives the word of a folder that was emptied.
func (c *checker) speaks(n *node, m *raft.Message) {
	if _, dead := c.graves[n.id]; dead && !m.Reject {
		c.w.fail("incarnation", "node %d sends %s in the name of a folder that was emptied", n.number, describe(m, len(m.Entries)))
	}
}

// naming notes what a coordinator may found the cluster of, from now on.
func (c *checker) naming(n *node, r membership.Record) {
	if c.cluster == 0 && n.number == c.w.plan.voters[0] && r.Phase == membership.Accepted {
		c.named = append(c.named, raft.ConfState{Voters: r.Founders})
	}
}

// mayBeFounded is every first membership that there may yet be.
func (c *checker) mayBeFounded() []raft.ConfState {
	if c.cluster != 0 {
		return nil
	}
	present := raft.ConfState{}
	for _, number := range c.w.plan.voters {
		present.Voters = append(present.Voters, c.w.node(number).id)
	}
	return append(slices.Clone(c.named), present)
}

// recorded: a cluster is founded once, and not of half a restore.
func (c *checker) recorded(n *node, r membership.Record) {
	c.w.note(record{node: n.id, step: stepRecord, v: [4]uint64{uint64(r.Phase), r.Cluster}})
	switch {
	case r.Phase != membership.Member:
	case c.w.plan.founding == halfRestored:
		c.w.fail("half a restore serves", "node %d is a member of a cluster, and node %d was not restored", n.id, c.w.plan.unrestored)
	case c.cluster == 0:
		c.cluster, c.conf = r.Cluster, raft.ConfState{Voters: r.Founders}
	case c.cluster != r.Cluster:
		c.w.fail("founded once", "node %d is a member of cluster %x, and %x was founded", n.id, r.Cluster, c.cluster)
	}
}

// founded says that every founder is a member, or its folder was emptied since.
func (w *world) founded() bool {
	return w.checks.cluster != 0 && !slices.ContainsFunc(w.plan.voters, func(number uint64) bool {
		r := w.node(number).disk.record
		return r.Phase != membership.Member && slices.Contains(w.checks.conf.Voters, w.node(number).id)
	})
}

// voters are those in force, or who will found the cluster.
func (w *world) voters() []uint64 {
	if w.checks.cluster == 0 {
		return w.plan.voters
	}
	return w.checks.conf.Voters
}
