package node

import (
	"context"
	"errors"

	"raftkv/raft"
	"raftkv/raft/membership"
)

// ErrBusy reports that the loop did not answer in time: it is starved or gone.
var ErrBusy = errors.New("the node does not answer")

// Status is what a node says of itself, on the admin port as JSON.
type Status struct {
	ID uint64 `json:"id"`
	// Incarnation tells this node's data folder from every other that the node had.
	Incarnation string `json:"incarnation"`
	// Waiting says what this node waits for until it is a member of a cluster.
	Waiting       string `json:"waiting,omitempty"`
	Cluster       string `json:"cluster"`
	Version       string `json:"version"`
	Role          string `json:"role"`
	Term          uint64 `json:"term"`
	Leader        uint64 `json:"leader"`
	LeaderAddress string `json:"leader_address"`
	Commit        uint64 `json:"commit"`
	Applied       uint64 `json:"applied"`
	FirstIndex    uint64 `json:"first_index"`
	LastIndex     uint64 `json:"last_index"`
	SnapshotIndex uint64 `json:"snapshot_index"`
	// Lag is how many committed entries this node has not applied yet, by what
	// it knows of the commit index: a node that is cut off may show 0. How far a
	// follower's log is behind its leader's is PeerStatus.Lag, on the leader.
	Lag      uint64 `json:"lag"`
	Keys     uint64 `json:"keys"`
	Sessions uint64 `json:"sessions"`
	// SessionBytes is what the sessions remember.
	SessionBytes uint64 `json:"session_bytes"`
	Installed    uint64 `json:"snapshots_installed"`
	// UncommittedBytes are a leader's, handed to no state machine yet; the
	// Unapplied were handed to this node's and wait there.
	UncommittedBytes uint64 `json:"uncommitted_bytes"`
	UnappliedBytes   uint64 `json:"unapplied_bytes"`
	UnappliedEntries uint64 `json:"unapplied_entries"`
	// ReadsByLease is how many linearizable reads on this node the leader confirmed
	// by its lease since the start.
	ReadsByLease uint64 `json:"reads_by_lease"`
	// HoldingAppends: so much is unapplied that this node takes no more log.
	HoldingAppends bool `json:"holding_appends,omitempty"`
	// Voters and Learners are the membership in force here; VotersOutgoing are
	// those that a change under way replaces.
	Voters         []uint64 `json:"voters"`
	VotersOutgoing []uint64 `json:"voters_outgoing,omitempty"`
	Learners       []uint64 `json:"learners,omitempty"`
	// Recovering: files were damaged, and this node does not vote until its peers
	// have given it back all that it had.
	Recovering bool `json:"recovering,omitempty"`
	// Diverged are the peers whose state was found to differ from this node's.
	Diverged []uint64 `json:"diverged,omitempty"`
	// Peers is filled on a leader only, keyed by id; of a node that came back with an
	// empty folder it is the new one.
	Peers map[uint64]PeerStatus `json:"peers,omitempty"`
}

// PeerStatus is a leader's view of another node.
type PeerStatus struct {
	Match uint64 `json:"match"`
	Next  uint64 `json:"next"`
	// State is probe, replicate or snapshot.
	State string `json:"state"`
	// Lag is how many entries of the leader's log, committed or not, this peer is
	// not known to hold; unlike Status.Lag it says nothing of what is applied.
	Lag uint64 `json:"lag"`
	// Inflight is what was sent to it and not answered yet.
	InflightMessages uint64 `json:"inflight_messages"`
	InflightBytes    uint64 `json:"inflight_bytes"`
}

// Status asks the loop. It fails with ErrBusy when ctx ends first. Safe from
// any goroutine.
func (n *Node) Status(ctx context.Context) (Status, error) {
	got := make(chan Status, 1)
	n.loop.events.put(func(l *loop) { got <- l.status() })
	select {
	case s := <-got:
		return s, nil
	case <-n.stopped:
	case <-ctx.Done():
	}
	return Status{}, ErrBusy
}

func (l *loop) status() Status {
	s := l.raft.Status()
	out := Status{
		ID: l.config.ID, Incarnation: hexadecimal(membership.Incarnation(l.self)), Waiting: l.standing.founding.Why(), Cluster: l.config.Cluster, Version: l.config.Version,
		Role: s.Role.String(), Term: s.Term, Leader: membership.Node(s.Leader), LeaderAddress: l.addresses.of(s.Leader),
		Commit: s.Commit, Applied: s.Applied, FirstIndex: s.FirstIndex, LastIndex: s.LastIndex,
		SnapshotIndex: l.snapshots.last.Index, Lag: s.Commit - min(s.Commit, s.Applied),
		Keys: l.machine.keys.Load(), Sessions: l.machine.sessions.Load(), SessionBytes: l.machine.answers.Load(), Installed: l.snapshots.installed,
		UncommittedBytes: uint64(s.UncommittedBytes),
		UnappliedBytes:   uint64(l.backlog.bytes), UnappliedEntries: uint64(len(l.backlog.sizes)), HoldingAppends: l.overloaded(),
		ReadsByLease: l.reads.byLease,
		Voters:       membership.Nodes(s.Conf.Voters), VotersOutgoing: membership.Nodes(s.Conf.VotersOutgoing), Learners: membership.Nodes(s.Conf.Learners),
		Diverged: l.agreement.diverged(), Recovering: s.Recovering,
	}
	if s.Role == raft.Leader {
		out.Peers = peerStatus(s)
	}
	return out
}

func peerStatus(s raft.Status) map[uint64]PeerStatus {
	out := map[uint64]PeerStatus{}
	for id, p := range s.Progress {
		if id != s.ID && membership.Successor(s.Conf, id) == raft.None {
			out[membership.Node(id)] = PeerStatus{
				Match: p.Match, Next: p.Next, State: p.State, Lag: s.LastIndex - min(s.LastIndex, p.Match),
				InflightMessages: uint64(p.Inflight), InflightBytes: uint64(p.InflightBytes),
			}
		}
	}
	return out
}
