package fault

import (
	"context"
	"errors"
	"fmt"
	"time"

	"raftkv/harness/cluster"
	"raftkv/harness/proof"
)

type flap struct {
	Fault
	period time.Duration
	going  *repeated
}

// Flap injects and heals a fault of links over and over: it holds for a period
// and is gone for a period, beside what the proofs take. The inject proves one
// whole flap; the heal ends it and counts those that were proved meanwhile. Another
// fault that befalls the same nodes later may keep those from being proved.
func Flap(f Fault, period time.Duration) Fault { return &flap{Fault: f, period: period} }

// Name implements Fault.
func (f *flap) Name() string { return fmt.Sprintf("flap every %s: %s", f.period, f.Fault.Name()) }

// Inject implements Fault.
func (f *flap) Inject(ctx context.Context, c cluster.Cluster) (proof.Evidence, error) {
	e, err := f.once(ctx, c)
	if err != nil {
		return e, err
	}
	f.going = repeat(f.period, 0, func(ctx context.Context) (proof.Evidence, error) { return f.once(ctx, c) })
	return e, nil
}

// once goes there and back.
func (f *flap) once(ctx context.Context, c cluster.Cluster) (proof.Evidence, error) {
	down, err := f.Fault.Inject(ctx, c)
	if err != nil {
		return down, err
	}
	select {
	case <-time.After(f.period):
	case <-ctx.Done():
	}
	up, err := f.Fault.Heal(ctx, c)
	return proof.Join("flap", f.Fault.Name(), down, up), err
}

// Heal implements Fault.
func (f *flap) Heal(ctx context.Context, c cluster.Cluster) (proof.Evidence, error) {
	var failed error
	counted := "no flap was begun"
	if f.going != nil {
		if failed = f.going.end(ctx); failed == nil {
			counted = "flapped " + f.going.String()
		}
	}
	e, err := f.Fault.Heal(ctx, c)
	if err := errors.Join(failed, err); err != nil {
		return proof.Fail(time.Now().Add(-e.Took), "heal", f.Name(), err)
	}
	e.Detail = counted + "; " + e.Detail
	return e, nil
}
