package fault

import (
	"context"
	"fmt"
	"time"

	"raftkv/harness/cluster"
	"raftkv/harness/proof"
)

// progressEvery spaces the looks at the commit indexes.
const progressEvery = 10 * time.Millisecond

type progress struct{ entries uint64 }

// Progress breaks nothing: it waits until the nodes have committed that many
// entries more, for NodeTimeout at most, so that what comes after it in an All
// befalls a cluster that has something to lose.
func Progress(entries uint64) Fault { return progress{entries} }

// Name implements Fault.
func (p progress) Name() string { return fmt.Sprintf("commit %d entries", p.entries) }

// Inject implements Fault.
func (p progress) Inject(ctx context.Context, c cluster.Cluster) (proof.Evidence, error) {
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, cluster.NodeTimeout)
	defer cancel()
	from := committed(ctx, c)
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	for {
		to := committed(ctx, c)
		seen := fmt.Sprintf("commit index %d, before %d", to, from)
		if from > 0 && to >= from+p.entries {
			return proof.Since(start, "wait", p.Name(), proof.Installed, seen), nil
		}
		select {
		case <-ctx.Done():
			return proof.Since(start, "wait", p.Name(), proof.Indeterminate, seen), nil
		case <-tick.C:
		}
	}
}

// Heal implements Fault: there is nothing to undo.
func (p progress) Heal(context.Context, cluster.Cluster) (proof.Evidence, error) {
	return proof.Since(time.Now(), "wait", p.Name(), proof.Installed, "nothing to undo"), nil
}

// committed is the highest commit index that any node names.
func committed(ctx context.Context, c cluster.Cluster) uint64 {
	highest := uint64(0)
	for _, s := range cluster.Statuses(ctx, c) {
		highest = max(highest, s.Commit)
	}
	return highest
}
