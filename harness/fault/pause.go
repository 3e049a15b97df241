package fault

import (
	"context"

	"raftkv/harness/cluster"
	"raftkv/harness/proof"
)

type pause struct{ ids []int }

// Pause freezes the nodes: connections stay open, nothing is read or answered,
// clocks go on. When they resume they act on what they believed before.
func Pause(ids ...int) Fault { return pause{ids} }

// Name implements Fault.
func (p pause) Name() string { return "pause " + names(p.ids) }

// Inject implements Fault.
func (p pause) Inject(ctx context.Context, c cluster.Cluster) (proof.Evidence, error) {
	return onNodes(ctx, "pause", p.ids, c.Pause)
}

// Heal implements Fault.
func (p pause) Heal(ctx context.Context, c cluster.Cluster) (proof.Evidence, error) {
	return undo(ctx, c, "resume", p.ids, cluster.Paused, c.Resume)
}
