package raft

import "raftkv/raft/tracker"

// Status is a copy of a node's state, for people and metrics.
type Status struct {
	ID uint64
	HardState
	Role          Role
	Leader        uint64 // None if unknown
	Commit        uint64
	Applied       uint64
	FirstIndex    uint64 // of the entries kept in memory
	LastIndex     uint64
	SnapshotIndex uint64
	// Conf is the membership in force, of entry ConfIndex, committed or not.
	Conf      ConfState
	ConfIndex uint64
	// UncommittedBytes is a leader's tail; 0 elsewhere.
	UncommittedBytes int
	// Transferee is who is about to take over; None if nobody.
	Transferee uint64
	// Recovering: part of the log was lost, and this node does not vote yet.
	Recovering bool
	// Progress is a leader's view of every member, itself included (its Match is
	// its own disk's); nil elsewhere.
	Progress map[uint64]Progress
}

// Progress is a leader's view of one member.
type Progress struct {
	Match uint64 // durably held in common with the leader
	Next  uint64 // first index not yet sent
	// State is "probe", "replicate" or "snapshot".
	State         string
	Inflight      int  // appends not yet answered
	InflightBytes int  // their sizes
	RecentActive  bool // heard within an election timeout
	// Whole: recently active, and it does not recover from damage.
	Whole bool
}

// Status copies the node's state. It allocates; on a hot path use the accessors.
func (n *Node) Status() Status {
	return Status{
		ID:               n.id,
		HardState:        n.hs,
		Role:             n.role,
		Leader:           n.leader,
		Commit:           n.commit,
		Applied:          n.applied,
		FirstIndex:       n.log.first(),
		LastIndex:        n.log.last(),
		SnapshotIndex:    n.snapshot.Index,
		Conf:             n.conf.clone(),
		ConfIndex:        n.confs.last().index,
		UncommittedBytes: n.uncommitted,
		Transferee:       n.transferee,
		Recovering:       n.Recovering(),
		Progress:         n.progressStatus(),
	}
}

func (n *Node) progressStatus() map[uint64]Progress {
	if n.role != Leader {
		return nil
	}
	all := make(map[uint64]Progress, len(n.progress)+1)
	for _, id := range n.peers {
		pr := n.progress[id]
		all[id] = Progress{Match: pr.Match, Next: pr.Next, State: pr.State.String(),
			Inflight: pr.Inflight.Count(), InflightBytes: pr.Inflight.Bytes(), RecentActive: n.active(id), Whole: n.whole(id)}
	}
	all[n.id] = Progress{Match: n.log.stable, Next: n.log.last() + 1,
		State: tracker.Replicate.String(), RecentActive: true, Whole: true}
	return all
}

// Term is the current term.
func (n *Node) Term() uint64 { return n.hs.Term }

// Role is what the node is now.
func (n *Node) Role() Role { return n.role }

// Leader is this term's leader, None if unknown.
func (n *Node) Leader() uint64 { return n.leader }

// Commit is the highest index known to be committed.
func (n *Node) Commit() uint64 { return n.commit }

// Applied is the highest index that ApplyDone reported.
func (n *Node) Applied() uint64 { return n.applied }

// LastIndex is the index of the last entry in the log.
func (n *Node) LastIndex() uint64 { return n.log.last() }
