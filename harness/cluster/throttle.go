package cluster

import (
	"context"
	"fmt"

	"raftkv/harness/proof"
)

// Throttler is a cluster that can make a node's processor slow. Both drivers are.
type Throttler interface {
	// Throttle lets the node run for percent of the time only, from 1 to 99, also
	// after a restart, and waits until it was seen to wait for its processor.
	Throttle(ctx context.Context, id, percent int) (proof.Evidence, error)
	// Unthrottle lets it run freely and waits until it is healthy.
	Unthrottle(ctx context.Context, id int) (proof.Evidence, error)
}

// CheckPercent says, as an error, that a node cannot be throttled to a percentage.
func CheckPercent(percent int) error {
	if percent < 1 || percent > 99 {
		return fmt.Errorf("a node can be let run for 1 to 99 percent of the time, not %d", percent)
	}
	return nil
}

// As gives the cluster, or what it wraps, as something that it may be besides.
func As[T any](c Cluster) (T, bool) {
	for c != nil {
		if t, ok := c.(T); ok {
			return t, true
		}
		w, ok := c.(interface{ Unwrap() Cluster })
		if !ok {
			break
		}
		c = w.Unwrap()
	}
	var none T
	return none, false
}
