package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"raftkv/harness/cluster"
	"raftkv/harness/proof"
)

// operate runs one operation on a node under its lock and the deadline. step
// says in words what it saw.
func (c *Cluster) operate(ctx context.Context, action string, id int, step func(context.Context, *node) (string, error)) (proof.Evidence, error) {
	start, target := time.Now(), fmt.Sprintf("n%d", id)
	n := c.nodes[id]
	if n == nil {
		return proof.Fail(start, action, target, cluster.ErrNoNode)
	}
	n.op.Lock()
	defer n.op.Unlock()
	ctx, cancel := context.WithTimeout(ctx, cluster.NodeTimeout)
	defer cancel()
	seen, err := step(ctx, n)
	return proof.Made(start, action, target, seen, err)
}

// Kill implements cluster.Cluster.
func (c *Cluster) Kill(ctx context.Context, id int) (proof.Evidence, error) {
	return c.operate(ctx, "kill", id, func(ctx context.Context, n *node) (string, error) {
		if err := n.signal(syscall.SIGKILL); err != nil {
			return "", err
		}
		if err := n.awaitExit(ctx); err != nil {
			return "", err
		}
		s, err := n.state()
		return s.String(), err
	})
}

// Stop implements cluster.Cluster.
func (c *Cluster) Stop(ctx context.Context, id int) (proof.Evidence, error) {
	return c.operate(ctx, "stop", id, func(ctx context.Context, n *node) (string, error) {
		if err := n.signal(syscall.SIGTERM); err != nil {
			return "", err
		}
		if err := n.awaitExit(ctx); err != nil {
			return "", err
		}
		if code := n.exitCode(); code != 0 {
			return "", fmt.Errorf("asked to stop, the node exited with code %d: %s", code, lastLine(n.logPath))
		}
		return "exited with code 0", nil
	})
}

// Start implements cluster.Cluster.
func (c *Cluster) Start(ctx context.Context, id int) (proof.Evidence, error) {
	return c.operate(ctx, "start", id, func(ctx context.Context, n *node) (string, error) {
		if err := c.disks.Ready(id); err != nil {
			return "", err
		}
		if err := n.launch(c.spawner); err != nil {
			return "", err
		}
		cmd, _ := n.current()
		if err := c.run.note(id, cmd.Process.Pid); err != nil {
			return "", err
		}
		if err := cluster.WaitHealthy(ctx, n.adminAt, n.gone); err != nil {
			return "", err
		}
		return fmt.Sprintf("process %d is healthy", cmd.Process.Pid), nil
	})
}

// Pause implements cluster.Cluster.
func (c *Cluster) Pause(ctx context.Context, id int) (proof.Evidence, error) {
	return c.operate(ctx, "pause", id, func(ctx context.Context, n *node) (string, error) {
		n.hold(true)
		if err := n.signal(syscall.SIGSTOP); err != nil {
			return "", err
		}
		s, err := n.awaitPhase(ctx, cluster.Paused)
		return s.Detail, err
	})
}

// Resume implements cluster.Cluster.
func (c *Cluster) Resume(ctx context.Context, id int) (proof.Evidence, error) {
	return c.operate(ctx, "resume", id, func(ctx context.Context, n *node) (string, error) {
		if err := n.signal(syscall.SIGCONT); err != nil {
			return "", err
		}
		n.hold(false)
		s, err := n.awaitPhase(ctx, cluster.Running)
		if err != nil {
			return "", err
		}
		return s.Detail, cluster.WaitHealthy(ctx, n.adminAt, n.gone)
	})
}

// State implements cluster.Cluster.
func (c *Cluster) State(_ context.Context, id int) (cluster.NodeState, error) {
	n := c.nodes[id]
	if n == nil {
		return cluster.NodeState{}, fmt.Errorf("state of n%d: %w", id, cluster.ErrNoNode)
	}
	return n.state()
}

// Close implements cluster.Cluster.
func (c *Cluster) Close(ctx context.Context) error {
	c.closeOnce.Do(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cluster.CloseTimeout)
		defer cancel()
		c.closeErr = c.teardown(ctx)
	})
	return c.closeErr
}

// teardown undoes whatever of start was done, last things first. Nodes go
// before proxies: a proxy whose node is gone cannot be stuck in a write to it.
func (c *Cluster) teardown(ctx context.Context) error {
	if c.spawner != nil {
		c.spawner.stop() // from here on nothing starts
	}
	var errs []error
	for _, n := range c.nodes {
		errs = append(errs, n.end(ctx))
	}
	if c.proxies != nil {
		errs = append(errs, c.proxies.shutdown(ctx))
	}
	errs = append(errs, c.disks.Close())
	if c.run != nil {
		errs = append(errs, c.run.remove())
	}
	if c.ports != nil {
		errs = append(errs, c.ports.Release())
	}
	if c.tempDir != "" {
		errs = append(errs, os.RemoveAll(c.tempDir))
	}
	return errors.Join(errs...)
}
