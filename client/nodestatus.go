package client

import (
	"context"
	"fmt"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	apiv1 "raftkv/client/api/v1"
)

// NodeStatus is what a node says about itself. Indexes are of the Raft log.
type NodeStatus struct {
	Address         string // as the client dials it
	ID              uint64
	Role            string // follower, pre-candidate, candidate, leader or learner
	Term            uint64
	Leader          uint64 // 0: it knows none
	LeaderAddress   string
	Commit          uint64
	Applied         uint64
	LastIndex       uint64
	SnapshotIndex   uint64
	Lag             uint64 // how far Applied is behind what the leader told
	Version         string
	Cluster         string
	Keys            uint64
	Sessions        uint64
	AdvertiseClient string
	Err             error // set by StatusAll: it did not answer, and the rest is empty
}

// Status asks the node at address, one of Config.Nodes, about itself. It needs
// no leader and no quorum.
func (c *Client) Status(ctx context.Context, address string) (NodeStatus, error) {
	op := "status of " + address
	l := c.router.byAddress(address)
	if l == nil {
		return NodeStatus{}, notDone(op, fmt.Errorf("%w: not one of the client's nodes", ErrBadRequest))
	}
	ctx, cancel := c.bounded(ctx)
	defer cancel()
	st, err := l.status(ctx)
	if err != nil {
		return NodeStatus{}, c.statusError(ctx, op, err)
	}
	c.router.observe(l, st)
	return newNodeStatus(address, st), nil
}

func (c *Client) statusError(ctx context.Context, op string, err error) error {
	switch {
	case c.ctx.Err() != nil:
		return notDone(op, ErrClosed)
	case ctx.Err() != nil:
		return notDone(op, ErrUnavailable, ctx.Err())
	case status.Code(err) == codes.DeadlineExceeded:
		// The node's clock for this call ran out a moment before ours.
		return notDone(op, ErrUnavailable, context.DeadlineExceeded)
	}
	return notDone(op, ErrUnavailable, fmt.Errorf("%s", oneLine(err)))
}

// StatusAll asks every one of Config.Nodes at once, and returns them in that
// order.
func (c *Client) StatusAll(ctx context.Context) []NodeStatus {
	all := make([]NodeStatus, len(c.cfg.Nodes))
	var wg sync.WaitGroup
	for i, a := range c.cfg.Nodes {
		wg.Go(func() {
			st, err := c.Status(ctx, a)
			st.Address, st.Err = a, err
			all[i] = st
		})
	}
	wg.Wait()
	return all
}

func newNodeStatus(address string, st *apiv1.StatusResponse) NodeStatus {
	return NodeStatus{
		Address: address, ID: st.GetId(), Role: st.GetRole(), Term: st.GetTerm(),
		Leader: st.GetLeaderId(), LeaderAddress: st.GetLeaderAddress(),
		Commit: st.GetCommitIndex(), Applied: st.GetAppliedIndex(), LastIndex: st.GetLastIndex(),
		SnapshotIndex: st.GetSnapshotIndex(), Lag: st.GetLag(),
		Version: st.GetVersion(), Cluster: st.GetCluster(),
		Keys: st.GetKeys(), Sessions: st.GetSessions(), AdvertiseClient: st.GetAdvertiseClient(),
	}
}
