package docker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"raftkv/harness/cluster"
	"raftkv/harness/proof"
)

// quotaPeriod is the kernel's period for a quota of processor time, and
// unlimited the quota that is none, in microseconds.
const (
	quotaPeriod = 100_000
	unlimited   = -1
	// askers keep a throttled node busy until it was seen to wait.
	askers = 4
)

var _ cluster.Throttler = (*Cluster)(nil)

// Throttle implements cluster.Throttler by a quota of processor time, and counts
// the periods in which the kernel made the node wait.
func (c *Cluster) Throttle(ctx context.Context, id, percent int) (proof.Evidence, error) {
	return c.operate(ctx, "throttle", id, func(ctx context.Context, n *node) (string, error) {
		if err := cluster.CheckPercent(percent); err != nil {
			return "", err
		}
		before, err := c.throttledPeriods(ctx, n)
		if err != nil {
			return "", err
		}
		if err := c.setQuota(ctx, n, int64(percent)*quotaPeriod/100); err != nil {
			return "", err
		}
		return c.seenThrottled(ctx, n, before)
	})
}

// Unthrottle implements cluster.Throttler.
func (c *Cluster) Unthrottle(ctx context.Context, id int) (proof.Evidence, error) {
	return c.operate(ctx, "unthrottle", id, func(ctx context.Context, n *node) (string, error) {
		if err := c.setQuota(ctx, n, unlimited); err != nil {
			return "", err
		}
		s, err := c.stateOf(ctx, n)
		if err != nil || s.Phase != cluster.Running {
			return "the quota is gone; " + s.Detail, err
		}
		return "the quota is gone", cluster.WaitHealthy(ctx, n.adminAt, func() error { return c.gone(ctx, n) })
	})
}

// setQuota changes the container's quota and reads it back.
func (c *Cluster) setQuota(ctx context.Context, n *node, quota int64) error {
	_, err := c.cli.ContainerUpdate(ctx, n.container, client.ContainerUpdateOptions{
		Resources: &container.Resources{CPUPeriod: quotaPeriod, CPUQuota: quota},
	})
	if err != nil {
		return fmt.Errorf("set the quota of processor time: %w", err)
	}
	r, err := c.cli.ContainerInspect(ctx, n.container, client.ContainerInspectOptions{})
	if err != nil {
		return err
	}
	if h := r.Container.HostConfig; h == nil || h.CPUQuota != quota {
		return errors.New("read back: the quota of processor time is another")
	}
	return nil
}

// seenThrottled gives the node work until the kernel has made it wait.
func (c *Cluster) seenThrottled(ctx context.Context, n *node, before uint64) (string, error) {
	begun := time.Now()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for range askers {
		go func() {
			for ctx.Err() == nil {
				_ = cluster.Healthy(ctx, n.adminAt) // whatever the answer, it is work
			}
		}()
	}
	for looks := 0; ; looks++ {
		now, err := c.throttledPeriods(ctx, n)
		if err != nil && ctx.Err() != nil {
			return "", fmt.Errorf("quota read back, the kernel not seen to make the node wait in %d looks: %w", looks, proof.ErrUnseen)
		}
		if err != nil {
			return "", err
		}
		if now > before {
			return fmt.Sprintf("quota read back; the kernel made it wait in %d periods of 100 ms, the first within %s", now-before, time.Since(begun).Round(time.Millisecond)), nil
		}
	}
}

// throttledPeriods asks the engine how often the kernel made the node wait.
func (c *Cluster) throttledPeriods(ctx context.Context, n *node) (uint64, error) {
	r, err := c.cli.ContainerStats(ctx, n.container, client.ContainerStatsOptions{})
	if err != nil {
		return 0, fmt.Errorf("ask for the node's use of the processor: %w", err)
	}
	defer r.Body.Close()
	var s container.StatsResponse
	if err := json.NewDecoder(r.Body).Decode(&s); err != nil {
		return 0, fmt.Errorf("read the node's use of the processor: %w", err)
	}
	return s.CPUStats.ThrottlingData.ThrottledPeriods, nil
}
