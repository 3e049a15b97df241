package raft

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"raftkv/raft/quorum"
)

// validate says what is wrong with a membership: nobody votes, an id is 0 or
// twice in a set, or a learner also votes.
func (c ConfState) validate() error {
	if len(c.Voters) == 0 {
		return errors.New("no voters")
	}
	for _, set := range [][]uint64{c.Voters, c.VotersOutgoing, c.Learners} {
		if slices.Contains(set, None) {
			return errors.New("a member's id is 0")
		}
		if len(quorum.NewMajority(set)) != len(set) {
			return fmt.Errorf("a member is listed twice in %v", set)
		}
	}
	for _, id := range c.Learners {
		if c.joint().Contains(id) {
			return fmt.Errorf("%d is both voter and learner", id)
		}
	}
	return nil
}

// joint is the membership as the arithmetic of quorums sees it.
func (c ConfState) joint() quorum.Joint {
	return quorum.Joint{quorum.NewMajority(c.Voters), quorum.NewMajority(c.VotersOutgoing)}
}

// clone shares nothing with c.
func (c ConfState) clone() ConfState {
	return ConfState{
		Voters:         slices.Clone(c.Voters),
		VotersOutgoing: slices.Clone(c.VotersOutgoing),
		Learners:       slices.Clone(c.Learners),
		Context:        slices.Clone(c.Context),
	}
}

// empty says that nobody is a member: the node waits to be added.
func (c ConfState) empty() bool {
	return len(c.Voters)+len(c.VotersOutgoing)+len(c.Learners) == 0
}

// equal compares what two memberships mean: no list is an empty list.
func (c ConfState) equal(d ConfState) bool {
	return slices.Equal(c.Voters, d.Voters) && slices.Equal(c.VotersOutgoing, d.VotersOutgoing) &&
		slices.Equal(c.Learners, d.Learners) && bytes.Equal(c.Context, d.Context)
}

// peers lists all members but self, sorted, each once.
func (c ConfState) peers(self uint64) []uint64 {
	all := quorum.NewMajority(slices.Concat(c.Voters, c.VotersOutgoing, c.Learners))
	return slices.DeleteFunc(all, func(id uint64) bool { return id == self })
}

// clone shares nothing with s.
func (s SnapshotMeta) clone() SnapshotMeta {
	s.Conf = s.Conf.clone()
	return s
}
