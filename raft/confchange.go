package raft

import (
	"fmt"
	"slices"

	"raftkv/raft/quorum"
	"raftkv/raft/tracker"
)

// promoteLag is how many committed entries a learner may lack when it is made a
// voter: few enough that it does not hold up commits for long.
const promoteLag = 100

// ConfChange says what to change in the membership, all of it at once. Ids that
// already are what the change would make them are left as they are.
type ConfChange struct {
	// AddVoters become voters. Each must be a learner that has caught up.
	AddVoters []uint64
	// AddLearners get the log and have no vote. A voter cannot become one.
	AddLearners []uint64
	// Remove are members no longer.
	Remove []uint64
	// Context replaces the membership's context; nil keeps it.
	Context []byte
}

// ProposeConfChange appends a change of the membership to the leader's log. It
// is in force at once, though it may still be lost with the leader. If the
// voters change, the entry is a joint membership (dissertation, 4.3), in which
// the old and the new voters must agree; the leader, or the next one, leaves it
// by a second entry once the first is committed. The change is done when a
// committed entry at or behind the returned index is in force and not joint.
//
// ErrNotLeader, ErrTransferring, ErrTermNotCommitted, ErrChangePending,
// ErrNotCaughtUp, ErrNoQuorum, ErrNoChange and ErrBadChange mean that nothing was done.
func (n *Node) ProposeConfChange(cc ConfChange) (index, term uint64, err error) {
	if err := n.mayChangeConf(); err != nil {
		return 0, 0, err
	}
	next, err := n.conf.changed(cc)
	if err != nil {
		return 0, 0, err
	}
	if err := n.checkPromotions(next); err != nil {
		return 0, 0, err
	}
	if err := n.checkQuorum(next); err != nil {
		return 0, 0, err
	}
	n.appendConf(next)
	return n.log.last(), n.hs.Term, nil
}

// mayChangeConf keeps changes apart. Before an entry of its own term is
// committed, a leader may lack a change that an earlier leader has committed
// with a quorum that its own would not meet (the Raft bug of 2015).
func (n *Node) mayChangeConf() error {
	switch {
	case n.role != Leader:
		return ErrNotLeader
	case n.transferee != None:
		return ErrTransferring
	case !n.log.matches(n.commit, n.hs.Term):
		return ErrTermNotCommitted
	case n.confs.last().index > n.commit, n.conf.isJoint():
		return ErrChangePending
	}
	return nil
}

// checkPromotions lets only those vote who can do their part of the next
// commits: else a change could leave no quorum that is up to date.
func (n *Node) checkPromotions(next ConfState) error {
	for _, id := range next.Voters {
		if slices.Contains(n.conf.Voters, id) {
			continue
		}
		pr := n.progress[id]
		switch {
		case !slices.Contains(n.conf.Learners, id):
			return &MemberError{ErrNotCaughtUp, id, "is no learner"}
		case !n.active(id):
			return &MemberError{ErrNotCaughtUp, id, "is not heard"}
		case pr.State != tracker.Replicate, pr.Match+promoteLag < n.commit:
			return &MemberError{ErrNotCaughtUp, id, fmt.Sprintf("holds entry %d of %d", pr.Match, n.commit)}
		case !pr.Whole && !planted(BugConfIgnoresDamage):
			return &MemberError{ErrNotCaughtUp, id, "is recovering"}
		}
	}
	return nil
}

// checkQuorum keeps a majority of the voters whole: who recovers from damage
// neither votes nor recovers without a leader, so once such nodes are half of a
// set, nobody is elected after this leader, ever. And who is not heard may be
// one of them. It goes by what this leader has heard within an election timeout;
// damage that it has not heard of yet cannot count (docs/INVARIANTS.md).
func (n *Node) checkQuorum(next ConfState) error {
	if !next.isJoint() || planted(BugConfIgnoresDamage) {
		return nil
	}
	whole := func(id uint64) (bool, bool) { return id == n.id || n.whole(id), true }
	if quorum.Majority(next.Voters).Vote(whole) != quorum.Won {
		return ErrNoQuorum
	}
	return nil
}

// changed is the membership after a change, joint if the voters differ.
func (c ConfState) changed(cc ConfChange) (ConfState, error) {
	next := ConfState{
		Voters:   quorum.NewMajority(slices.Concat(c.Voters, cc.AddVoters)),
		Learners: quorum.NewMajority(slices.Concat(c.Learners, cc.AddLearners)),
		Context:  c.Context,
	}
	if cc.Context != nil {
		next.Context = cc.Context
	}
	next.Learners = slices.DeleteFunc(next.Learners, func(id uint64) bool { return slices.Contains(cc.AddVoters, id) })
	gone := func(id uint64) bool { return slices.Contains(cc.Remove, id) }
	next.Voters, next.Learners = slices.DeleteFunc(next.Voters, gone), slices.DeleteFunc(next.Learners, gone)
	if !slices.Equal(next.Voters, c.Voters) {
		next.VotersOutgoing = c.Voters
	}
	return next.clone(), c.checkChange(cc, next)
}

// checkChange says why a change cannot lead from c to next.
func (c ConfState) checkChange(cc ConfChange, next ConfState) error {
	for _, id := range slices.Concat(cc.AddVoters, cc.AddLearners) {
		if slices.Contains(cc.Remove, id) || slices.Contains(cc.AddVoters, id) && slices.Contains(cc.AddLearners, id) {
			return &MemberError{ErrBadChange, id, "is named twice"}
		}
	}
	if err := next.validate(); err != nil {
		return fmt.Errorf("%w: %w", ErrBadChange, err)
	}
	if len(next.Context) > maxConfContext {
		return fmt.Errorf("%w: a context of %d bytes", ErrBadChange, len(next.Context))
	}
	if next.equal(c) {
		return ErrNoChange
	}
	return nil
}

// isJoint says that two sets of voters must agree.
func (c ConfState) isJoint() bool { return len(c.VotersOutgoing) > 0 }

// votes says that id is a voter and not about to go.
func (c ConfState) votes(id uint64) bool { return slices.Contains(c.Voters, id) }

// ConfAt is the membership that belongs into a snapshot at index: the one in
// force up to there. ErrCompacted if that is before the last snapshot.
func (n *Node) ConfAt(index uint64) (ConfState, error) {
	conf, ok := n.confs.at(index)
	if !ok {
		return ConfState{}, ErrCompacted
	}
	return conf.clone(), nil
}

// ConfIndex is the entry that brought the membership in force, or the
// snapshot's index. With Commit it tells whether that is committed.
func (n *Node) ConfIndex() uint64 { return n.confs.last().index }

// ConfVersion changes whenever another membership comes into force.
func (n *Node) ConfVersion() uint64 { return n.confVersion }

// Alone says that this node is the only voter.
func (n *Node) Alone() bool {
	return len(n.conf.Voters) == 1 && n.conf.Voters[0] == n.id && !n.conf.isJoint()
}

// ConfSettled says that the membership in force is committed and not joint: no
// change is under way as far as this node knows.
func (n *Node) ConfSettled() bool {
	return n.confs.last().index <= n.commit && !n.conf.isJoint()
}

// Member says that this node is one, by the membership in force.
func (n *Node) Member() bool {
	return n.voters.Contains(n.id) || slices.Contains(n.conf.Learners, n.id)
}
