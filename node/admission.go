package node

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	apiv1 "raftkv/client/api/v1"
	"raftkv/raft"
	"raftkv/raft/membership"
)

// candidate is what a node that a change would add says of itself.
type candidate struct {
	address string
	hello   membership.Hello
	err     error // it did not answer
}

// meet asks everybody whom a change would add who they are: an address that nobody
// answers, or somebody else, must not become a member.
func (s *adminService) meet(ctx context.Context, q *apiv1.MemberChangeRequest) (map[uint64]candidate, error) {
	if len(q.Add) == 0 {
		return nil, nil
	}
	type asked struct {
		addresses map[uint64]string
		err       *apiv1.Error
	}
	got := make(chan asked, 1)
	s.node.loop.events.put(func(l *loop) {
		addresses, err := l.dialled(q)
		got <- asked{addresses, err}
	})
	a, err := await(ctx, s.node, got)
	if err != nil || a.err != nil {
		return nil, firstError(err, a.err)
	}
	return s.greetAll(ctx, a.addresses), nil
}

func (s *adminService) greetAll(ctx context.Context, addresses map[uint64]string) map[uint64]candidate {
	var mu sync.Mutex
	var greeting sync.WaitGroup
	out := map[uint64]candidate{}
	own := *s.node.loop.standing.public.Load()
	for node, address := range addresses {
		greeting.Go(func() {
			h, err := s.greetUntil(ctx, address, own)
			mu.Lock()
			defer mu.Unlock()
			out[node] = candidate{address, h, err}
		})
	}
	greeting.Wait()
	return out
}

// meetWait is for how long a node that was just started may take to answer.
const meetWait = 2 * time.Second

// greetUntil greets again while nobody answers: who adds a node has often started
// it a moment ago. It leaves the caller the time to hear of it.
func (s *adminService) greetUntil(ctx context.Context, address string, own membership.Hello) (h membership.Hello, err error) {
	until := time.Now().Add(meetWait)
	if deadline, ok := ctx.Deadline(); ok && deadline.Add(-meetWait/4).Before(until) {
		until = deadline.Add(-meetWait / 4)
	}
	for {
		if h, err = s.node.greet(ctx, address, own); err == nil || time.Now().After(until) || pause(ctx, greetEvery) != nil {
			return h, err
		}
	}
}

// dialled is at which address this leader would dial those whom a change adds.
func (l *loop) dialled(q *apiv1.MemberChangeRequest) (map[uint64]string, *apiv1.Error) {
	if l.raft.Role() != raft.Leader {
		return nil, l.notLeader().GetError()
	}
	out, stored := map[uint64]string{}, addressesIn(l.raft.Status().Conf)
	for _, node := range slices.Sorted(maps.Keys(q.Add)) {
		out[node] = cmp.Or(l.members.flags[node], q.Add[node], l.members.addressOf(node, stored))
		if out[node] == "" || node == 0 || node > membership.MaxNode {
			return nil, badChange("no address is known of node %d", node)
		}
	}
	return out, nil
}

func badChange(format string, args ...any) *apiv1.Error {
	return badRequest(fmt.Sprintf(format, args...))
}

// confChange turns a change of nodes into one of the engine's members.
func (l *loop) confChange(conf raft.ConfState, q *apiv1.MemberChangeRequest, met map[uint64]candidate) (raft.ConfChange, *apiv1.Error) {
	var cc raft.ConfChange
	for _, node := range slices.Sorted(maps.Keys(q.Add)) {
		if bad := l.objection(conf, node, met[node]); bad != nil {
			return cc, bad
		}
		known := idsOf(conf, node)
		if id := met[node].hello.ID(); !slices.Contains(known, id) { // a member is named for its address
			cc.AddLearners = append(cc.AddLearners, id)
			cc.Remove = append(cc.Remove, slices.DeleteFunc(known, func(id uint64) bool { return slices.Contains(conf.Voters, id) })...)
		}
	}
	for _, node := range q.Promote {
		cc = promoted(cc, conf, node)
	}
	for _, node := range q.Remove {
		if slices.Contains(q.Promote, node) {
			return cc, badChange("node %d is to be promoted and to go", node)
		}
		cc.Remove = append(cc.Remove, idsOf(conf, node)...)
	}
	if len(q.Add)+len(q.Remove) > 0 {
		cc.Context = l.members.context(conf, q.Add, removedBy(conf, q.Remove))
	}
	return cc, nil
}

// objection is why a node cannot be added, and what to do.
func (l *loop) objection(conf raft.ConfState, node uint64, c candidate) *apiv1.Error {
	known, own := idsOf(conf, node), l.standing.public.Load()
	h := c.hello
	switch {
	case c.err != nil:
		return badChange("node %d does not answer at %s (%s): start it there first, with --join; nothing was changed", node, c.address, c.err)
	case h.Node != node:
		return badChange("%s is node %d, not node %d; nothing was changed", c.address, h.Node, node)
	case slices.Contains(known, h.ID()):
		return nil
	case h.Phase == membership.Member && h.Cluster == own.Cluster:
		return nil // it has the folder with which it was removed, or was invited before
	case len(known) == 0 && slices.Contains(contextOf(conf).Removed, node):
		return badChange("node %d was removed from this cluster, and an id is not used again with an empty folder: start it with a new id", node)
	case h.Phase == membership.Member:
		return badChange("node %d at %s belongs to another cluster of the name %q; nothing was changed", node, c.address, l.config.Cluster)
	case h.Phase == membership.Accepted:
		return badChange("node %d at %s is founding a cluster with others: start it with --join and an empty folder", node, c.address)
	case h.Origin != 0:
		return badChange("node %d: %s", node, membership.ErrRestored)
	}
	return nil
}

// idsOf are all members of a node: its folder, and those it had before.
func idsOf(conf raft.ConfState, node uint64) (ids []uint64) {
	for _, id := range slices.Concat(conf.Voters, conf.Learners) {
		if membership.Node(id) == node {
			ids = append(ids, id)
		}
	}
	return ids
}

// promoted adds to a change that a node's learner becomes a voter, in place of its
// earlier folder if that is one.
func promoted(cc raft.ConfChange, conf raft.ConfState, node uint64) raft.ConfChange {
	id := node // nobody's, if the node is not a member
	for _, known := range idsOf(conf, node) {
		if slices.Contains(conf.Learners, known) {
			id = known
		}
	}
	for _, known := range idsOf(conf, node) {
		switch {
		case id == node:
			id = known // a voter: there is nothing to change
		case known != id:
			cc.Remove = append(cc.Remove, known)
		}
	}
	cc.AddVoters = append(cc.AddVoters, id)
	return cc
}

// removedBy are those of nodes that are members.
func removedBy(conf raft.ConfState, nodes []uint64) (out []uint64) {
	for _, node := range nodes {
		if len(idsOf(conf, node)) > 0 {
			out = append(out, node)
		}
	}
	return out
}
