package node

import (
	"errors"
	"fmt"
	"slices"
	"time"

	apiv1 "raftkv/client/api/v1"
	"raftkv/raft"
	"raftkv/raft/membership"
)

// change is somebody who waits for a change of members, or for another leader,
// to be final. answer is called exactly once, from the loop; nil means done.
type change struct {
	// index of the entry that began it; 0 for a transfer of leadership to the node to.
	index    uint64
	to       uint64
	term     uint64
	deadline time.Time
	answer   func(*apiv1.Error)
}

// changes are those under way. Owned by the loop.
type changes struct{ waiting []change }

// abandon answers everybody with unknown.
func (c *changes) abandon(why string) {
	c.take(func(change) bool { return true }, why)
}

// expire answers those whose time is up.
func (c *changes) expire(now time.Time) {
	c.take(func(ch change) bool { return now.After(ch.deadline) }, "it is not final yet; see raftkv member list")
}

// take answers those that match with unknown, or with done if why is empty.
func (c *changes) take(match func(change) bool, why string) {
	c.waiting = slices.DeleteFunc(c.waiting, func(ch change) bool {
		if !match(ch) {
			return false
		}
		if why == "" {
			ch.answer(nil)
		} else {
			ch.answer(&apiv1.Error{Reason: apiv1.Reason_REASON_UNKNOWN_OUTCOME, Message: why})
		}
		return true
	})
}

// settleChanges answers those whose change is final: committed, and left if it
// was joint. A node that no longer leads cannot know of it any more.
func (l *loop) settleChanges() {
	if len(l.changes.waiting) == 0 {
		return
	}
	leads := l.raft.Role() == raft.Leader
	final := l.raft.ConfSettled()
	l.settleTransfers()
	l.changes.take(func(ch change) bool {
		return ch.index != 0 && final && l.raft.Commit() >= ch.index && l.raft.ConfIndex() >= ch.index && l.raft.Term() == ch.term
	}, "")
	l.changes.take(func(ch change) bool { return ch.index != 0 && (!leads || l.raft.Term() != ch.term) },
		"leadership was lost before the change was final; see raftkv member list")
}

// changeMembers proposes a change and keeps whoever waits for it. met are those
// whom it adds, as they say themselves.
func (l *loop) changeMembers(q *apiv1.MemberChangeRequest, met map[uint64]candidate, deadline time.Time, answer func(changed bool, e *apiv1.Error)) {
	conf := l.raft.Status().Conf
	if l.raft.Role() != raft.Leader {
		answer(false, l.notLeader().GetError())
		return
	}
	cc, bad := l.confChange(conf, q, met)
	if bad != nil {
		answer(false, bad)
		return
	}
	index, term, err := l.raft.ProposeConfChange(cc)
	switch {
	case errors.Is(err, raft.ErrNoChange):
		answer(false, nil)
	case err != nil:
		answer(false, l.refusal(err))
	default:
		l.log.Info("changing members", "add", q.Add, "promote", q.Promote, "remove", q.Remove, "index", index)
		l.changes.waiting = append(l.changes.waiting, change{index: index, term: term, deadline: deadline,
			answer: func(e *apiv1.Error) { answer(true, e) }})
	}
}

// refusal is what a client hears of a change that was not taken.
func (l *loop) refusal(err error) *apiv1.Error {
	switch {
	case errors.Is(err, raft.ErrNotLeader):
		return l.notLeader().GetError()
	case errors.Is(err, raft.ErrTransferring), errors.Is(err, raft.ErrTermNotCommitted),
		errors.Is(err, raft.ErrChangePending), errors.Is(err, raft.ErrNotCaughtUp), errors.Is(err, raft.ErrNoQuorum):
		return notNow(readable(err))
	}
	return &apiv1.Error{Reason: apiv1.Reason_REASON_BAD_REQUEST, Message: readable(err)}
}

// readable names the node of an engine's error.
func readable(err error) string {
	var of *raft.MemberError
	if errors.As(err, &of) {
		return fmt.Sprintf("%s: node %d %s", of.Err, membership.Node(of.ID), of.What)
	}
	return err.Error()
}

// voter is the engine's id of a node that votes; the node's own where it does not.
func (l *loop) voter(node uint64) uint64 {
	for _, id := range l.raft.Status().Conf.Voters {
		if membership.Node(id) == node {
			return id
		}
	}
	return node
}

// notNow asks the client to try again.
func notNow(why string) *apiv1.Error {
	return &apiv1.Error{Reason: apiv1.Reason_REASON_NOT_NOW, Message: why}
}
