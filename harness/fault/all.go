package fault

import (
	"context"
	"errors"
	"slices"
	"time"

	"raftkv/harness/cluster"
	"raftkv/harness/proof"
)

type all struct {
	name   string
	faults []Fault
}

// All makes one fault of several, injected in their order and healed in the
// reverse order, but for one thing: nodes are paused last and resumed first,
// because a link whose receiver is paused with full buffers cannot be edited.
// An inject that fails stops there; the heal then undoes what it can of all.
func All(name string, faults ...Fault) Fault {
	ordered := slices.Clone(faults)
	slices.SortStableFunc(ordered, func(a, b Fault) int { return late(a) - late(b) })
	return all{name, ordered}
}

// late is 1 for what must be injected after the rest.
func late(f Fault) int {
	if w, ok := f.(interface{ Unwrap() Fault }); ok {
		f = w.Unwrap()
	}
	if _, ok := f.(pause); ok {
		return 1
	}
	return 0
}

// Name implements Fault.
func (a all) Name() string { return a.name }

// Inject implements Fault.
func (a all) Inject(ctx context.Context, c cluster.Cluster) (proof.Evidence, error) {
	start := time.Now()
	var parts []proof.Evidence
	for _, f := range a.faults {
		e, err := f.Inject(ctx, c)
		parts = append(parts, e)
		if err != nil {
			return a.joined("inject", start, parts), err
		}
	}
	return a.joined("inject", start, parts), nil
}

// Heal implements Fault.
func (a all) Heal(ctx context.Context, c cluster.Cluster) (proof.Evidence, error) {
	start := time.Now()
	var (
		parts []proof.Evidence
		errs  []error
	)
	for _, f := range slices.Backward(a.faults) {
		e, err := f.Heal(ctx, c)
		parts, errs = append(parts, e), append(errs, err)
	}
	return a.joined("heal", start, parts), errors.Join(errs...)
}

func (a all) joined(action string, start time.Time, parts []proof.Evidence) proof.Evidence {
	e := proof.Join(action, a.name, parts...)
	e.Took = time.Since(start)
	return e
}
