package fault

import (
	"context"
	"fmt"
	"time"

	"raftkv/harness/cluster"
	"raftkv/harness/proof"
)

type transfer struct{ to int }

// Transfer has the leader hand over to the node, as an operator does; 0 lets the
// leader choose. It is proved by a majority that names the new leader, in a later
// term. There is nothing to undo. Where the node leads already it is skipped.
func Transfer(to int) Fault { return Needing(transfer{to}, hasAdmin()) }

// Name implements Fault.
func (t transfer) Name() string {
	if t.to == 0 {
		return "transfer leadership"
	}
	return fmt.Sprintf("transfer leadership to n%d", t.to)
}

// Inject implements Fault.
func (t transfer) Inject(ctx context.Context, c cluster.Cluster) (proof.Evidence, error) {
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, cluster.NodeTimeout)
	defer cancel()
	before, err := cluster.WaitReady(ctx, c, cluster.NodeTimeout)
	if err != nil {
		return proof.Fail(start, "transfer", t.Name(), err)
	}
	if before.Leader == t.to {
		return proof.Since(start, "transfer", t.Name(), proof.Skipped, "it leads already"), nil
	}
	after, err := t.handOver(ctx, c, before)
	if err != nil {
		return proof.Fail(start, "transfer", t.Name(), err)
	}
	detail := fmt.Sprintf("n%d led term %d, n%d leads term %d", before.Leader, before.Term, after.Leader, after.Term)
	return proof.Since(start, "transfer", t.Name(), proof.Installed, detail), nil
}

// handOver asks for it and waits until a majority knows.
func (t transfer) handOver(ctx context.Context, c cluster.Cluster, before cluster.Ready) (cluster.Ready, error) {
	cl, err := admin(c)
	if err != nil {
		return cluster.Ready{}, err
	}
	defer func() { _ = cl.Close() }() // its only error is a second Close
	if _, err := cl.TransferLeader(ctx, uint64(t.to)); err != nil {
		return cluster.Ready{}, err
	}
	after, err := cluster.WaitReadyAfter(ctx, c, before.Term, cluster.NodeTimeout)
	if err == nil && t.to != 0 && after.Leader != t.to {
		err = fmt.Errorf("n%d leads term %d", after.Leader, after.Term)
	}
	return after, err
}

// Heal implements Fault: there is nothing to undo.
func (t transfer) Heal(ctx context.Context, c cluster.Cluster) (proof.Evidence, error) {
	start := time.Now()
	r, err := cluster.WaitReady(ctx, c, cluster.NodeTimeout)
	if err != nil {
		return proof.Fail(start, "heal", t.Name(), err)
	}
	return proof.Since(start, "heal", t.Name(), proof.Installed, fmt.Sprintf("n%d leads", r.Leader)), nil
}
