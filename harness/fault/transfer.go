package fault

import (
	"context"
	"fmt"
	"time"

	"raftkv/client"
	"raftkv/harness/cluster"
	"raftkv/harness/proof"
)

type transfer struct{ to int }

// Transfer has the leader hand over to the node, as an operator does; 0 lets the
// leader choose. It is proved by a majority that names the new leader, in a later
// term. There is nothing to undo. It is skipped where the node leads already, and
// where nobody does; and indeterminate where it does not come about.
func Transfer(to int) Fault { return Needing(transfer{to}, hasAdmin()) }

// Name implements Fault.
func (t transfer) Name() string { return "transfer " + t.target() }

// target is what is handed over, for the evidence.
func (t transfer) target() string {
	if t.to == 0 {
		return "leadership"
	}
	return fmt.Sprintf("leadership to n%d", t.to)
}

// Inject implements Fault.
func (t transfer) Inject(ctx context.Context, c cluster.Cluster) (proof.Evidence, error) {
	start := time.Now()
	before, err := cluster.WaitReady(ctx, c, cluster.NodeTimeout/2)
	if err != nil {
		return proof.Since(start, "transfer", t.target(), proof.Skipped, err.Error()), nil
	}
	if before.Leader == t.to {
		return proof.Since(start, "transfer", t.target(), proof.Skipped, "it leads already"), nil
	}
	after, asked, err := t.insist(ctx, c, before)
	if err != nil { // other faults may hold; and it may yet happen
		return proof.Since(start, "transfer", t.target(), proof.Indeterminate, err.Error()), nil
	}
	detail := fmt.Sprintf("n%d led term %d, n%d leads term %d", before.Leader, before.Term, after.Leader, after.Term)
	if asked > 1 {
		detail += fmt.Sprintf(", asked %d times", asked)
	}
	return proof.Since(start, "transfer", t.target(), proof.Installed, detail), nil
}

// insist asks, as an operator would, until the target leads: an election may come in
// between, which another node wins.
func (t transfer) insist(ctx context.Context, c cluster.Cluster, before cluster.Ready) (after cluster.Ready, asked int, err error) {
	cl, err := admin(c)
	if err != nil {
		return after, 0, err
	}
	defer func() { _ = cl.Close() }() // its only error is a second Close
	now := before
	_, err = eventually(ctx, func(ctx context.Context) (string, error) {
		asked++
		if after, err = t.handOver(ctx, c, cl, now); after.Leader != 0 {
			now = after
		}
		return "", err
	})
	return after, asked, err
}

// handOver asks for it once and waits until a majority knows who leads.
func (t transfer) handOver(ctx context.Context, c cluster.Cluster, cl *client.Client, before cluster.Ready) (cluster.Ready, error) {
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
func (t transfer) Heal(context.Context, cluster.Cluster) (proof.Evidence, error) {
	return proof.Since(time.Now(), "heal", t.target(), proof.Installed, "whoever leads stays"), nil
}
