package fault

import (
	"context"

	"raftkv/harness/cluster"
	"raftkv/harness/proof"
)

type stop struct{ ids []int }

// Stop asks the nodes to end (SIGTERM), as an upgrade does: a leader hands over
// first. The heal starts them again.
func Stop(ids ...int) Fault { return stop{ids} }

// Name implements Fault.
func (s stop) Name() string { return "stop " + names(s.ids) }

// Inject implements Fault.
func (s stop) Inject(ctx context.Context, c cluster.Cluster) (proof.Evidence, error) {
	return onNodes(ctx, "stop", s.ids, c.Stop)
}

// Heal implements Fault.
func (s stop) Heal(ctx context.Context, c cluster.Cluster) (proof.Evidence, error) {
	return undo(ctx, c, "start", s.ids, cluster.Exited, c.Start)
}
