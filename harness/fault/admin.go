package fault

import (
	"context"
	"errors"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"raftkv/client"
	apiv1 "raftkv/client/api/v1"
	"raftkv/harness/cluster"
)

// admin gives a client of every node, for what an operator asks of the cluster.
func admin(c cluster.Cluster) (*client.Client, error) {
	var nodes []string
	for _, id := range c.Nodes() {
		nodes = append(nodes, c.ClientAddr(id))
	}
	return client.New(client.Config{Nodes: nodes, OnlyNodes: true})
}

// hasAdmin is the need of faults that are asked of RaftKV itself: another store
// has other ways to hand over, or none.
func hasAdmin() Need {
	return Need{Name: "RaftKV's admin service", Probe: func(ctx context.Context, c cluster.Cluster) error {
		for _, id := range c.Nodes() {
			if err := listMembers(ctx, c.ClientAddr(id)); status.Code(err) == codes.Unimplemented {
				return errors.New("the nodes do not have it")
			} else if err == nil {
				return nil
			}
		}
		return nil // nobody denied it; the fault itself will say more
	}}
}

// listMembers asks one node, leader or not.
func listMembers(ctx context.Context, addr string) error {
	ctx, cancel := context.WithTimeout(ctx, cluster.StatusTimeout)
	defer cancel()
	cc, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer func() { _ = cc.Close() }() // nothing is in flight
	_, err = apiv1.NewAdminClient(cc).MemberList(ctx, &apiv1.MemberListRequest{})
	return err
}
