package fault

import (
	"context"
	"errors"
	"fmt"
	"time"

	"raftkv/harness/cluster"
	"raftkv/harness/proof"
)

type snapshot struct{ ids []int }

// Snapshot has each of the nodes write a snapshot of what it has applied and
// compact its log, whether or not one is due: whoever lags behind then needs the
// snapshot. There is nothing to undo. It is skipped on a node that goes on having
// applied nothing since its last one.
func Snapshot(ids ...int) Fault { return Needing(snapshot{ids}, hasAdmin()) }

// Name implements Fault.
func (s snapshot) Name() string { return "snapshot on " + names(s.ids) }

// Inject implements Fault.
func (s snapshot) Inject(ctx context.Context, c cluster.Cluster) (proof.Evidence, error) {
	return onNodes(ctx, "snapshot", s.ids, func(ctx context.Context, id int) (proof.Evidence, error) {
		start, target := time.Now(), names([]int{id})
		seen, err := newSnapshot(ctx, c, id)
		switch {
		case errors.Is(err, errNothingApplied):
			return proof.Since(start, "snapshot", target, proof.Skipped, err.Error()), nil
		case err != nil: // other faults may hold; and it may yet happen
			return proof.Since(start, "snapshot", target, proof.Indeterminate, err.Error()), nil
		}
		return proof.Since(start, "snapshot", target, proof.Installed, seen), nil
	})
}

// applyPatience is how long a node that has just taken one by itself has to apply
// something more.
const applyPatience = 2 * time.Second

var errNothingApplied = errors.New("it has applied nothing since its last one")

// newSnapshot asks until the snapshot is of a later index than the one before.
func newSnapshot(ctx context.Context, c cluster.Cluster, id int) (seen string, err error) {
	late := time.Now().Add(applyPatience)
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	for {
		before, after, err := takeSnapshot(ctx, c, id)
		switch {
		case err != nil:
			return "", err
		case after > before:
			return fmt.Sprintf("up to index %d, before %d", after, before), nil
		case time.Now().After(late):
			return "", fmt.Errorf("%w, of index %d", errNothingApplied, before)
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-tick.C:
		}
	}
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
