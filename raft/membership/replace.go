package membership

import (
	"maps"
	"slices"

	"raftkv/raft"
)

// Replacement is the next change of members that a leader makes by itself so that
// nodes with a new folder become members again in place of their old one: first a
// learner beside the old voter, then, once it has caught up, a voter instead of
// it, in one joint change. arrived maps a node to the engine id by which it
// answers now, with an empty folder, where its old one was a member. No change is
// returned while another is under way, or for a node whose old folder is heard.
//
// It is safe because to the engine the two are different members: the old one
// keeps its vote, which nobody can give, until a quorum without it has agreed.
// The engine refuses whatever would leave no such quorum.
func Replacement(st raft.Status, arrived map[uint64]uint64) (raft.ConfChange, bool) {
	if st.Role != raft.Leader || len(st.Conf.VotersOutgoing) > 0 {
		return raft.ConfChange{}, false
	}
	for _, node := range slices.Sorted(maps.Keys(arrived)) {
		if cc, ok := admission(st, node, arrived[node]); ok {
			return cc, true
		}
	}
	if cc, ok := promotion(st); ok {
		return cc, true
	}
	return leftover(st)
}

// admission makes a new folder a learner, and lets go of learners that were
// earlier folders of the same node.
func admission(st raft.Status, node, id uint64) (raft.ConfChange, bool) {
	if slices.Contains(st.Conf.Voters, id) || slices.Contains(st.Conf.Learners, id) {
		return raft.ConfChange{}, false
	}
	known := false
	for _, old := range slices.Concat(st.Conf.Voters, st.Conf.Learners) {
		if Node(old) != node {
			continue
		}
		if st.Progress[old].RecentActive { // the leader itself, too
			return raft.ConfChange{}, false
		}
		known = true
	}
	return raft.ConfChange{AddLearners: []uint64{id}, Remove: learnersOf(st.Conf, node)}, known
}

func learnersOf(c raft.ConfState, node uint64) (ids []uint64) {
	for _, id := range c.Learners {
		if Node(id) == node {
			ids = append(ids, id)
		}
	}
	return ids
}

// promotion makes learners voters that stand beside an earlier folder of theirs.
func promotion(st raft.Status) (raft.ConfChange, bool) {
	for _, old := range st.Conf.Voters {
		new := Successor(st.Conf, old)
		p := st.Progress[new]
		if new != raft.None && p.RecentActive && p.State == "replicate" && !st.Progress[old].RecentActive {
			return raft.ConfChange{AddVoters: []uint64{new}, Remove: []uint64{old}}, true
		}
	}
	return raft.ConfChange{}, false
}

// leftover lets go of a learner that stands beside a voter of the same node: who is
// heard is the node's folder, and the other one is not. A greeting that was long on
// its way can have brought it in.
func leftover(st raft.Status) (raft.ConfChange, bool) {
	for _, voter := range st.Conf.Voters {
		old := Successor(st.Conf, voter)
		if old != raft.None && st.Progress[voter].RecentActive && !st.Progress[old].RecentActive {
			return raft.ConfChange{Remove: []uint64{old}}, true
		}
	}
	return raft.ConfChange{}, false
}

// Successor is the learner that is another folder of a voter's node; raft.None if
// there is none.
func Successor(c raft.ConfState, voter uint64) uint64 {
	for _, id := range c.Learners {
		if Node(id) == Node(voter) && id != voter {
			return id
		}
	}
	return raft.None
}
