package memstore

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"raftkv/client"
	"raftkv/harness/workload"
	"raftkv/history"
)

// Data is the store's content and its faults. Set the fields before use; the
// methods are safe for concurrent use.
type Data struct {
	// Delay is how long each operation takes.
	Delay time.Duration
	// Gate, if set, is asked before each operation, with the address of a pinned
	// client, or "" for one that knows several. Its error is the operation's, and
	// the operation has no effect.
	Gate func(address string, f history.Function) error
	// AfterEffect, if set, is asked once a write has taken effect: its error is
	// returned in place of the success.
	AfterEffect func(address string, f history.Function) error

	// Unbounded stores refuse stale reads with a bound.
	Unbounded bool
	// Lost, if set, is asked before each write, and when it says so the write is
	// acknowledged and not done.
	Lost func(f history.Function) bool

	mu     sync.Mutex
	live   map[string]string
	frozen map[string]map[string]string
}

// Freeze makes reads through address answer from the present content for ever:
// the node of a leader that does not know that it was deposed.
func (d *Data) Freeze(address string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.frozen == nil {
		d.frozen = map[string]map[string]string{}
	}
	d.frozen[address] = maps.Clone(d.live)
}

// Thaw undoes Freeze.
func (d *Data) Thaw(address string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.frozen, address)
}

// Set changes a key behind the clients' backs.
func (d *Data) Set(key, value string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.put(key, value)
}

// Dial is a workload.Dialer.
func (d *Data) Dial(addresses []string, _ bool) (workload.Store, error) {
	s := store{d: d}
	if len(addresses) == 1 {
		s.address = addresses[0]
	}
	return s, nil
}

// store is one client's connection.
type store struct {
	d       *Data
	address string
}

func (s store) Get(ctx context.Context, key string) (v history.Value, err error) {
	err = s.do(ctx, history.Get, func() { v = s.read(key) })
	return v, err
}

func (s store) GetStale(ctx context.Context, key string) (history.Value, error) {
	return s.Get(ctx, key)
}

// GetWithin reads the latest state, whatever the bound; a frozen address keeps
// none.
func (s store) GetWithin(ctx context.Context, key string, _ time.Duration) (history.Value, error) {
	if s.d.Unbounded {
		return history.Value{}, workload.ErrNoBoundedReads
	}
	return s.Get(ctx, key)
}

func (s store) Put(ctx context.Context, key, value string) error {
	return s.do(ctx, history.Put, func() { s.write(history.Put, key, value) })
}

func (s store) Delete(ctx context.Context, key string) (found bool, err error) {
	err = s.do(ctx, history.Delete, func() {
		_, found = s.d.live[key]
		delete(s.d.live, key)
	})
	return found, err
}

func (s store) CAS(ctx context.Context, key string, expect history.Value, value string) (won bool, saw history.Value, err error) {
	err = s.do(ctx, history.CAS, func() {
		saw = s.d.get(s.d.live, key)
		if won = saw == expect; won {
			s.write(history.CAS, key, value)
		}
	})
	return won, saw, err
}

func (s store) Close() error { return nil }

// do takes half the delay, lets effect happen at one instant, and takes the
// other half. An operation that the context ends midway is unknown.
func (s store) do(ctx context.Context, f history.Function, effect func()) error {
	if s.d.Gate != nil {
		if err := s.d.Gate(s.address, f); err != nil {
			return err
		}
	}
	if err := wait(ctx, s.d.Delay/2); err != nil {
		return fmt.Errorf("%w: %w", client.ErrNotDone, err)
	}
	s.d.mu.Lock()
	effect()
	s.d.mu.Unlock()
	if err := wait(ctx, s.d.Delay/2); err != nil {
		return fmt.Errorf("%w: %w", client.ErrUnknown, err)
	}
	if s.d.AfterEffect != nil && f != history.Get {
		return s.d.AfterEffect(s.address, f)
	}
	return nil
}

func (s store) read(key string) history.Value {
	if old, ok := s.d.frozen[s.address]; ok {
		return s.d.get(old, key)
	}
	return s.d.get(s.d.live, key)
}

func (s store) write(f history.Function, key, value string) {
	if s.d.Lost == nil || !s.d.Lost(f) {
		s.d.put(key, value)
	}
}

func (d *Data) get(from map[string]string, key string) history.Value {
	v, ok := from[key]
	return history.Value{Present: ok, Data: v}
}

func (d *Data) put(key, value string) {
	if d.live == nil {
		d.live = map[string]string{}
	}
	d.live[key] = value
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
