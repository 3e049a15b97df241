package fault

import (
	"context"
	"errors"
	"fmt"
	"time"

	"raftkv/harness/cluster"
	"raftkv/harness/proof"
)

// ErrUnavailable means that a fault cannot be had here; the error says why.
var ErrUnavailable = errors.New("not available here")

// Need is something that a fault needs from the machine, the driver or the
// node's build.
type Need struct {
	// Name in a word or two, for a listing.
	Name string
	// Probe looks whether the running cluster has it, within NodeTimeout, and
	// says in one line why not.
	Probe func(ctx context.Context, c cluster.Cluster) error
}

// missing gives the first need that is not met.
func missing(ctx context.Context, c cluster.Cluster, needs []Need) error {
	ctx, cancel := context.WithTimeout(ctx, cluster.NodeTimeout)
	defer cancel()
	for _, n := range needs {
		if err := n.Probe(ctx, c); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrUnavailable, n.Name, err)
		}
	}
	return nil
}

// needing is a fault that is skipped where a need is not met.
type needing struct {
	Fault
	needs   []Need
	skipped string
}

// Needing makes a fault whose Inject looks for its needs first and, where one is
// missing, does nothing: the outcome of both Inject and Heal is then Skipped,
// with the reason.
func Needing(f Fault, needs ...Need) Fault {
	if len(needs) == 0 {
		return f
	}
	return &needing{Fault: f, needs: needs}
}

// Inject implements Fault.
func (n *needing) Inject(ctx context.Context, c cluster.Cluster) (proof.Evidence, error) {
	start := time.Now()
	if err := missing(ctx, c, n.needs); err != nil {
		n.skipped = err.Error()
		return proof.Since(start, "inject", n.Name(), proof.Skipped, n.skipped), nil
	}
	return n.Fault.Inject(ctx, c)
}

// Heal implements Fault.
func (n *needing) Heal(ctx context.Context, c cluster.Cluster) (proof.Evidence, error) {
	if n.skipped != "" {
		return proof.Since(time.Now(), "heal", n.Name(), proof.Skipped, "nothing was injected: "+n.skipped), nil
	}
	return n.Fault.Heal(ctx, c)
}

// Unwrap gives the fault inside.
func (n *needing) Unwrap() Fault { return n.Fault }
