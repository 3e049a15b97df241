package fault

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"raftkv/harness/cluster"
	"raftkv/harness/proof"
)

// Fault is something that can be done to a cluster and undone. Inject and Heal
// are each called once, by one goroutine, Heal also after a failed Inject: it
// undoes what was done. Both return an error exactly when the evidence's
// outcome is proof.Failed.
type Fault interface {
	// Name says what is done to whom, for the record: "kill n3".
	Name() string
	// Inject does it and proves that it bit.
	Inject(ctx context.Context, c cluster.Cluster) (proof.Evidence, error)
	// Heal undoes it and proves that it is undone.
	Heal(ctx context.Context, c cluster.Cluster) (proof.Evidence, error)
}

// nodeOp is one of cluster.Cluster's operations on a node.
type nodeOp func(ctx context.Context, id int) (proof.Evidence, error)

// onNodes does op on the nodes at the same time.
func onNodes(ctx context.Context, action string, ids []int, op nodeOp) (proof.Evidence, error) {
	start := time.Now()
	parts, errs := make([]proof.Evidence, len(ids)), make([]error, len(ids))
	var wg sync.WaitGroup
	for i, id := range ids {
		wg.Go(func() { parts[i], errs[i] = op(ctx, id) })
	}
	wg.Wait()
	e := proof.Join(action, names(ids), parts...)
	e.Took = time.Since(start)
	return e, errors.Join(errs...)
}

// undo does op on the nodes that are in the phase the fault put them in and
// leaves the others alone: a heal may follow an inject that failed half-way.
func undo(ctx context.Context, c cluster.Cluster, action string, ids []int, from cluster.Phase, op nodeOp) (proof.Evidence, error) {
	return onNodes(ctx, action, ids, func(ctx context.Context, id int) (proof.Evidence, error) {
		start := time.Now()
		s, err := c.State(ctx, id)
		if err != nil {
			return proof.Fail(start, action, names([]int{id}), err)
		}
		if s.Phase != from {
			return proof.Since(start, action, names([]int{id}), proof.Skipped, "it is "+s.String()), nil
		}
		return op(ctx, id)
	})
}

// names gives "n1,n2".
func names(ids []int) string {
	parts := make([]string, len(ids))
	for i, id := range ids {
		parts[i] = fmt.Sprintf("n%d", id)
	}
	return strings.Join(parts, ",")
}
