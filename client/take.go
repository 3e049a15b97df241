package client

import (
	"context"
	"fmt"

	"raftkv/client/api"
	apiv1 "raftkv/client/api/v1"
)

// TakeSnapshot has the node at address, one of Config.Nodes, write a snapshot of
// all that it has applied, and returns up to which index that is durable. It
// needs no leader. It is asked once; asking again is harmless.
func (c *Client) TakeSnapshot(ctx context.Context, address string) (index uint64, err error) {
	op := "snapshot on " + address
	l := c.router.byAddress(address)
	if l == nil {
		return 0, notDone(op, fmt.Errorf("%w: not one of the client's nodes", ErrBadRequest))
	}
	ctx, cancel := c.bounded(ctx)
	defer cancel()
	p, err := apiv1.NewAdminClient(l.conn()).TakeSnapshot(ctx, &apiv1.TakeSnapshotRequest{})
	if e, answered := api.FromStatus(err); answered {
		return 0, notDone(op, cause(e))
	}
	if err != nil {
		return 0, c.statusError(ctx, op, err)
	}
	return p.GetIndex(), nil
}
