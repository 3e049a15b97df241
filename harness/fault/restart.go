package fault

import (
	"context"
	"fmt"
	"time"

	"raftkv/harness/cluster"
	"raftkv/harness/proof"
)

type restart struct{ ids []int }

// Restart kills the nodes at once and starts each again at once: the others may
// not even notice, but what was not on disk is gone.
func Restart(ids ...int) Fault { return restart{ids} }

// Name implements Fault.
func (r restart) Name() string { return "restart " + names(r.ids) }

// Inject implements Fault.
func (r restart) Inject(ctx context.Context, c cluster.Cluster) (proof.Evidence, error) {
	return onNodes(ctx, "restart", r.ids, func(ctx context.Context, id int) (proof.Evidence, error) {
		return again(ctx, c, id, c.Kill)
	})
}

// Heal implements Fault: it sees to it that the nodes run.
func (r restart) Heal(ctx context.Context, c cluster.Cluster) (proof.Evidence, error) {
	return onNodes(ctx, "start", r.ids, running(c))
}

// again ends a node and starts it.
func again(ctx context.Context, c cluster.Cluster, id int, end nodeOp) (proof.Evidence, error) {
	down, err := end(ctx, id)
	if err != nil {
		return down, err
	}
	up, err := c.Start(ctx, id)
	return proof.Join("restart", names([]int{id}), down, up), err
}

// running starts a node that has exited, and proves of another that it runs and
// answers.
func running(c cluster.Cluster) nodeOp {
	return func(ctx context.Context, id int) (proof.Evidence, error) {
		start, target := time.Now(), names([]int{id})
		s, err := c.State(ctx, id)
		if err == nil && s.Phase == cluster.Exited {
			return c.Start(ctx, id)
		}
		if err == nil && s.Phase == cluster.Paused {
			return proof.Since(start, "start", target, proof.Indeterminate, "it is paused"), nil
		}
		if err == nil {
			err = answering(ctx, c, id)
		}
		if err != nil {
			return proof.Fail(start, "start", target, err)
		}
		return proof.Since(start, "start", target, proof.Installed, "it runs and answers"), nil
	}
}

// answering waits until the node's admin page says that it is healthy.
func answering(ctx context.Context, c cluster.Cluster, id int) error {
	ctx, cancel := context.WithTimeout(ctx, cluster.NodeTimeout)
	defer cancel()
	return cluster.WaitHealthy(ctx, c.AdminURL(id), func() error {
		if s, err := c.State(ctx, id); err == nil && s.Phase == cluster.Exited {
			return fmt.Errorf("the node %s", s)
		}
		return nil
	})
}
