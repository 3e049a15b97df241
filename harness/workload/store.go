package workload

import (
	"context"
	"errors"
	"time"

	"raftkv/client"
	"raftkv/history"
)

// Store is the store as a workload client uses it, through whatever library.
// It is safe for concurrent use and honours the context's deadline. An error is, by errors.Is, client.ErrNotDone or client.ErrUnknown;
// anything else counts as unknown.
type Store interface {
	Get(ctx context.Context, key string) (history.Value, error)
	// GetStale reads from the asked node's own state, which may lie in the past.
	GetStale(ctx context.Context, key string) (history.Value, error)
	Put(ctx context.Context, key, value string) error
	// Delete tells whether there was something to delete.
	Delete(ctx context.Context, key string) (bool, error)
	// CAS returns whether it won, and what it saw, won or lost.
	CAS(ctx context.Context, key string, expect history.Value, value string) (bool, history.Value, error)
	Close() error
}

// BoundedReader is a Store that can also read what may lie in the past, by
// maxAge at most. StaleReads needs it.
type BoundedReader interface {
	GetWithin(ctx context.Context, key string, maxAge time.Duration) (history.Value, error)
}

// ErrNoBoundedReads means that a store is no BoundedReader.
var ErrNoBoundedReads = errors.New("this store has no stale reads with a bound")

// Dialer opens a Store that knows these addresses. A pinned one is given a
// single address, no session, and a short patience.
type Dialer func(addresses []string, pinned bool) (Store, error)

// Ended says how an operation that returned err is recorded. A read that failed
// had no effect, whatever went wrong. A write failed only where the store said
// so in as many words.
func Ended(f history.Function, err error) history.Kind {
	switch {
	case err == nil:
		return history.Ok
	case f == history.Get:
		return history.Fail
	case errors.Is(err, client.ErrNotDone) && !errors.Is(err, client.ErrUnknown):
		return history.Fail
	default:
		return history.Info
	}
}
