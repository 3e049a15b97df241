package docker

import (
	"context"
	"fmt"
	"time"

	"github.com/moby/moby/client"

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
		s, err := c.signal(ctx, n, "SIGKILL")
		return s.String(), err
	})
}

// Stop implements cluster.Cluster.
func (c *Cluster) Stop(ctx context.Context, id int) (proof.Evidence, error) {
	return c.operate(ctx, "stop", id, func(ctx context.Context, n *node) (string, error) {
		s, err := c.signal(ctx, n, "SIGTERM")
		if err == nil && s.ExitCode != 0 {
			err = fmt.Errorf("asked to stop, the node %s: %s", s, c.lastLine(ctx, n))
		}
		return s.String(), err
	})
}

// signal sends the signal and waits for the container's end.
func (c *Cluster) signal(ctx context.Context, n *node, name string) (cluster.NodeState, error) {
	if _, err := c.cli.ContainerKill(ctx, n.container, client.ContainerKillOptions{Signal: name}); err != nil {
		return cluster.NodeState{}, fmt.Errorf("send %s: %w", name, err)
	}
	return c.awaitPhase(ctx, n, cluster.Exited)
}

// Start implements cluster.Cluster.
func (c *Cluster) Start(ctx context.Context, id int) (proof.Evidence, error) {
	return c.operate(ctx, "start", id, func(ctx context.Context, n *node) (string, error) {
		s, err := c.stateOf(ctx, n)
		if err != nil {
			return "", err
		}
		if s.Phase != cluster.Exited {
			return "", fmt.Errorf("the node is %s already", s)
		}
		if err := c.disks.Ready(id); err != nil {
			return "", err
		}
		if _, err := c.cli.ContainerStart(ctx, n.container, client.ContainerStartOptions{}); err != nil {
			return "", err
		}
		return "container is running and healthy", cluster.WaitHealthy(ctx, n.adminAt, func() error { return c.gone(ctx, n) })
	})
}

// Pause implements cluster.Cluster.
func (c *Cluster) Pause(ctx context.Context, id int) (proof.Evidence, error) {
	return c.operate(ctx, "pause", id, func(ctx context.Context, n *node) (string, error) {
		if _, err := c.cli.ContainerPause(ctx, n.container, client.ContainerPauseOptions{}); err != nil {
			return "", err
		}
		s, err := c.awaitPhase(ctx, n, cluster.Paused)
		return s.Detail, err
	})
}

// Resume implements cluster.Cluster.
func (c *Cluster) Resume(ctx context.Context, id int) (proof.Evidence, error) {
	return c.operate(ctx, "resume", id, func(ctx context.Context, n *node) (string, error) {
		if _, err := c.cli.ContainerUnpause(ctx, n.container, client.ContainerUnpauseOptions{}); err != nil {
			return "", err
		}
		s, err := c.awaitPhase(ctx, n, cluster.Running)
		if err != nil {
			return "", err
		}
		return s.Detail, cluster.WaitHealthy(ctx, n.adminAt, func() error { return c.gone(ctx, n) })
	})
}

// State implements cluster.Cluster.
func (c *Cluster) State(ctx context.Context, id int) (cluster.NodeState, error) {
	n := c.nodes[id]
	if n == nil {
		return cluster.NodeState{}, fmt.Errorf("state of n%d: %w", id, cluster.ErrNoNode)
	}
	return c.stateOf(ctx, n)
}

// awaitProxy waits for Toxiproxy's API.
func (c *Cluster) awaitProxy(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, cluster.NodeTimeout)
	defer cancel()
	return cluster.WaitPage(ctx, "http://"+c.published(apiPort)+"/version", func() error { return nil })
}

// restartProxy gives a Toxiproxy without proxies in the same container, at the
// same addresses: its ports are fixed.
func (c *Cluster) restartProxy(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*cluster.NodeTimeout)
	defer cancel()
	none := 0 // seconds between asking and killing
	if _, err := c.cli.ContainerRestart(ctx, c.proxy, client.ContainerRestartOptions{Timeout: &none}); err != nil {
		return err
	}
	return c.awaitProxy(ctx)
}
