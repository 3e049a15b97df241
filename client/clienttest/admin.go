package clienttest

import (
	"context"

	"raftkv/client/api"
	apiv1 "raftkv/client/api/v1"
)

// SetAdmin decides how the node answers changes of members while it leads; nil
// is yes to all.
func (n *Node) SetAdmin(f func(*apiv1.MemberChangeRequest) error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.admin = f
}

// SetWinner decides who is elected when leadership is handed to a node; nil is
// that node.
func (c *Cluster) SetWinner(f func(to uint64) uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.elect = f
}

func (c *Cluster) winner(to uint64) uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.elect == nil {
		return to
	}
	return c.elect(to)
}

// leading says, as an error, that another node leads.
func (n *Node) leading() error {
	leader, _ := n.cluster.reign()
	if leader == n.id {
		return nil
	}
	return api.ToStatus(n.notLeader(leader).GetError())
}

// MemberList implements the admin service: the leader alone is a member, unless
// the node was told to claim otherwise.
func (n *Node) MemberList(ctx context.Context, _ *apiv1.MemberListRequest) (*apiv1.MemberListResponse, error) {
	if err := n.hold(ctx); err != nil {
		return nil, err
	}
	n.mu.Lock()
	claimed := n.members
	n.mu.Unlock()
	if claimed != nil {
		return claimed, nil
	}
	leader, term := n.cluster.reign()
	return &apiv1.MemberListResponse{LeaderId: leader, Term: term,
		Members: []*apiv1.Member{{Id: n.id, Role: "voter", Leader: true, PeerAddress: "peer:1"}}}, n.leading()
}

// MemberChange implements the admin service by what SetAdmin was given.
func (n *Node) MemberChange(_ context.Context, q *apiv1.MemberChangeRequest) (*apiv1.MemberChangeResponse, error) {
	if err := n.leading(); err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.admin != nil {
		if err := n.admin(q); err != nil {
			return nil, err
		}
	}
	return &apiv1.MemberChangeResponse{Changed: true}, nil
}

// TransferLeader implements the admin service.
func (n *Node) TransferLeader(_ context.Context, q *apiv1.TransferLeaderRequest) (*apiv1.TransferLeaderResponse, error) {
	if err := n.leading(); err != nil {
		return nil, err
	}
	winner := n.cluster.winner(q.To)
	n.cluster.Lead(winner)
	return &apiv1.TransferLeaderResponse{LeaderId: winner}, nil
}

// TakeSnapshot implements the admin service: the index is the node's id.
func (n *Node) TakeSnapshot(context.Context, *apiv1.TakeSnapshotRequest) (*apiv1.TakeSnapshotResponse, error) {
	return &apiv1.TakeSnapshotResponse{Index: n.id}, nil
}
