package fault

import (
	"context"
	"time"

	"raftkv/harness/cluster"
	"raftkv/harness/proof"
)

type powerLoss struct{ ids []int }

// PowerLoss takes the power from the nodes, all at once: their processes are
// killed, and what was not synced is gone from their disks. The heal starts them
// on what was left. It is skipped where the nodes have no such disks
// (cluster.Spec.Disks).
func PowerLoss(ids ...int) Fault { return Needing(powerLoss{ids}, powerNeed()) }

// Name implements Fault.
func (p powerLoss) Name() string { return "power loss " + names(p.ids) }

// Inject implements Fault.
func (p powerLoss) Inject(ctx context.Context, c cluster.Cluster) (proof.Evidence, error) {
	d, err := disked(c)
	if err != nil {
		return proof.Fail(time.Now(), "cut power", names(p.ids), err)
	}
	return onNodes(ctx, "cut power", p.ids, d.CutPower)
}

// Heal implements Fault.
func (p powerLoss) Heal(ctx context.Context, c cluster.Cluster) (proof.Evidence, error) {
	return undo(ctx, c, "start", p.ids, cluster.Exited, c.Start)
}
