package workload

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"raftkv/harness/recorder"
	"raftkv/history"
)

// worker is one logical client: it starts an operation, waits for its end or
// its timeout, records it, and goes on until it is told to stop.
type worker struct {
	store   Store
	rec     *recorder.Client
	keys    *keys
	rand    *rand.Rand
	mix     Mix
	script  script
	node    string
	every   time.Duration
	timeout time.Duration
	written int
	// holding is the tag of this client's last attempt at each lock.
	holding map[string]string
}

// run works until ctx is done. The operation in flight is finished first: a
// stopping harness is no reason to know less than the store would have told.
func (w *worker) run(ctx context.Context) {
	next := time.NewTimer(w.jitter())
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-next.C:
		}
		w.once(ctx)
		next.Reset(w.jitter())
	}
}

// jitter is the pause before the next operation: around the worker's interval,
// so that clients do not march in step.
func (w *worker) jitter() time.Duration {
	return w.every/2 + time.Duration(w.rand.Int64N(int64(w.every)))
}

func (w *worker) once(ctx context.Context) {
	k, guess := w.keys.take(w.rand)
	if k == nil {
		return
	}
	op := w.script(w, k.name, guess)
	op.Node = w.node
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.timeout)
	defer cancel()
	w.rec.Invoke(op)
	saw, swapped, err := perform(ctx, w.store, op)
	end := Ended(op.F, err)
	record(w.rec, end, saw, swapped, err)
	w.keys.give(k, end, believed(op, end, saw, swapped))
}

// unique is a value that no other operation of the run writes.
func (w *worker) unique() history.Value { return history.Some(w.tag()) }

// tag names an attempt of this client; no other of the run has the same.
func (w *worker) tag() string {
	w.written++
	return fmt.Sprintf("%d.%d", w.rec.Process(), w.written)
}

// expect is mostly the guess, and now and then what is surely not there.
func (w *worker) expect(guess history.Value) history.Value {
	if w.rand.IntN(8) == 0 {
		return history.Value{Present: true, Data: "nobody wrote this"}
	}
	return guess
}

// perform sends op and returns what it saw. Of a deleted value the store tells
// only that there was one: it is recorded as present and empty.
func perform(ctx context.Context, s Store, op history.Event) (saw history.Value, swapped bool, err error) {
	switch op.F {
	case history.Put:
		err = s.Put(ctx, op.Key, op.Value.Data)
	case history.Delete:
		saw.Present, err = s.Delete(ctx, op.Key)
	case history.CAS:
		swapped, saw, err = s.CAS(ctx, op.Key, op.Expect, op.Value.Data)
	default:
		saw, err = get(ctx, s, op)
	}
	return saw, swapped, err
}

func get(ctx context.Context, s Store, op history.Event) (history.Value, error) {
	if op.MaxAge > 0 {
		return getWithin(ctx, s, op)
	}
	if op.Stale {
		return s.GetStale(ctx, op.Key)
	}
	return s.Get(ctx, op.Key)
}

func getWithin(ctx context.Context, s Store, op history.Event) (history.Value, error) {
	b, ok := s.(BoundedReader)
	if !ok {
		return history.Value{}, ErrNoBoundedReads
	}
	return b.GetWithin(ctx, op.Key, time.Duration(op.MaxAge))
}

func record(c *recorder.Client, end history.Kind, saw history.Value, swapped bool, err error) {
	switch end {
	case history.Ok:
		c.Ok(saw, swapped)
	case history.Fail:
		c.Fail(err)
	default:
		c.Info(err)
	}
}

// believed is what the key holds after op, as far as op tells.
func believed(op history.Event, end history.Kind, saw history.Value, swapped bool) *history.Value {
	if end != history.Ok {
		return nil
	}
	switch {
	case op.Stale:
		return nil
	case op.F == history.Put, swapped:
		return &op.Value
	case op.F == history.Delete:
		return &history.Value{}
	default:
		return &saw
	}
}
