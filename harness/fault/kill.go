package fault

import (
	"context"

	"raftkv/harness/cluster"
	"raftkv/harness/proof"
)

type kill struct{ ids []int }

// Kill sends SIGKILL to the nodes, all at once: what was not on disk is lost to
// the process (not to the machine). The heal starts them on their old data.
func Kill(ids ...int) Fault { return kill{ids} }

// Name implements Fault.
func (k kill) Name() string { return "kill " + names(k.ids) }

// Inject implements Fault.
func (k kill) Inject(ctx context.Context, c cluster.Cluster) (proof.Evidence, error) {
	return onNodes(ctx, "kill", k.ids, c.Kill)
}

// Heal implements Fault.
func (k kill) Heal(ctx context.Context, c cluster.Cluster) (proof.Evidence, error) {
	return undo(ctx, c, "start", k.ids, cluster.Exited, c.Start)
}
