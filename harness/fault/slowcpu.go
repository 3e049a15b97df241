package fault

import (
	"context"
	"errors"
	"fmt"

	"raftkv/harness/cluster"
	"raftkv/harness/proof"
)

type slowCPU struct {
	percent int
	ids     []int
}

// SlowCPU lets the nodes run for percent of the time only: a machine that is
// overloaded, or whose host gives its processors to others. It holds on over
// restarts.
func SlowCPU(percent int, ids ...int) Fault { return Needing(slowCPU{percent, ids}, canThrottle()) }

// Name implements Fault.
func (s slowCPU) Name() string { return fmt.Sprintf("slow CPU of %s (%d%%)", names(s.ids), s.percent) }

// Inject implements Fault.
func (s slowCPU) Inject(ctx context.Context, c cluster.Cluster) (proof.Evidence, error) {
	return onNodes(ctx, "throttle", s.ids, func(ctx context.Context, id int) (proof.Evidence, error) {
		t, _ := cluster.As[cluster.Throttler](c) // canThrottle has seen to it
		return t.Throttle(ctx, id, s.percent)
	})
}

// Heal implements Fault.
func (s slowCPU) Heal(ctx context.Context, c cluster.Cluster) (proof.Evidence, error) {
	return onNodes(ctx, "unthrottle", s.ids, func(ctx context.Context, id int) (proof.Evidence, error) {
		t, _ := cluster.As[cluster.Throttler](c)
		return t.Unthrottle(ctx, id)
	})
}

// canThrottle is the need of SlowCPU.
func canThrottle() Need {
	return Need{Name: "processor quota", Probe: func(_ context.Context, c cluster.Cluster) error {
		if _, ok := cluster.As[cluster.Throttler](c); !ok {
			return errors.New("the driver cannot make a processor slow")
		}
		return nil
	}}
}
