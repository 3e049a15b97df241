package fault

import (
	"context"
	"fmt"
	"time"

	"raftkv/harness/cluster"
	"raftkv/harness/proof"
)

type snapshot struct{ ids []int }

// Snapshot has each of the nodes write a snapshot of what it has applied and
// compact its log, whether or not one is due: whoever lags behind then needs the
// snapshot. There is nothing to undo. It is skipped on a node that has applied
// nothing since its last one.
func Snapshot(ids ...int) Fault { return Needing(snapshot{ids}, hasAdmin()) }

// Name implements Fault.
func (s snapshot) Name() string { return "snapshot on " + names(s.ids) }

// Inject implements Fault.
func (s snapshot) Inject(ctx context.Context, c cluster.Cluster) (proof.Evidence, error) {
	return onNodes(ctx, "snapshot", s.ids, func(ctx context.Context, id int) (proof.Evidence, error) {
		start, target := time.Now(), names([]int{id})
		before, after, err := takeSnapshot(ctx, c, id)
		if err != nil { // other faults may hold; and it may yet happen
			return proof.Since(start, "snapshot", target, proof.Indeterminate, err.Error()), nil
		}
		if after == before {
			return proof.Since(start, "snapshot", target, proof.Skipped, fmt.Sprintf("it has applied nothing since index %d", before)), nil
		}
		return proof.Since(start, "snapshot", target, proof.Installed, fmt.Sprintf("up to index %d, before %d", after, before)), nil
	})
}

// takeSnapshot asks for one and reads the node's status before and after.
func takeSnapshot(ctx context.Context, c cluster.Cluster, id int) (before, after uint64, err error) {
	ctx, cancel := context.WithTimeout(ctx, cluster.NodeTimeout)
	defer cancel()
	was, err := c.Status(ctx, id)
	if err != nil {
		return 0, 0, err
	}
	cl, err := admin(c)
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = cl.Close() }() // its only error is a second Close
	index, err := cl.TakeSnapshot(ctx, c.ClientAddr(id))
	if err != nil {
		return 0, 0, err
	}
	is, err := c.Status(ctx, id)
	if err == nil && is.SnapshotIndex < index {
		err = fmt.Errorf("read back: its newest snapshot is of index %d, not %d", is.SnapshotIndex, index)
	}
	return was.SnapshotIndex, is.SnapshotIndex, err
}

// Heal implements Fault: there is nothing to undo.
func (s snapshot) Heal(context.Context, cluster.Cluster) (proof.Evidence, error) {
	return proof.Since(time.Now(), "heal", s.Name(), proof.Installed, "the snapshot stays"), nil
}
