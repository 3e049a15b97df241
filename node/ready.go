package node

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	apiv1 "raftkv/client/api/v1"
)

// ErrNotReady reports a node that would answer, but not yet well.
var ErrNotReady = errors.New("not ready")

// readiness remembers whether the node has caught up since it started. That is
// not taken back when it lags again: lag has a metric of its own.
type readiness struct {
	caughtUp atomic.Bool
	closed   atomic.Bool
}

// checkReady says whether the node knows a leader and has once, since its
// start, been as far as the cluster was: it shows by a linearizable read.
func (n *Node) checkReady(ctx context.Context) error {
	if n.ready.closed.Load() {
		return fmt.Errorf("%w: shutting down", ErrNotReady)
	}
	s, err := n.Status(ctx)
	if err != nil {
		return err
	}
	if s.Leader == 0 {
		return fmt.Errorf("%w: no leader known", ErrNotReady)
	}
	if s.Recovering {
		return fmt.Errorf("%w: recovering from damage", ErrNotReady)
	}
	if n.ready.caughtUp.Load() {
		return nil
	}
	probe := &apiv1.Request{Op: &apiv1.Request_Get{Get: &apiv1.GetRequest{Key: []byte("ready?")}}}
	if _, err := n.gate.ask(ctx, probe); err != nil {
		return fmt.Errorf("%w: applied %d, and not yet as far as the cluster is", ErrNotReady, s.Applied)
	}
	n.ready.caughtUp.Store(true)
	return nil
}
