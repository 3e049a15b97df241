package workload

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"raftkv/harness/recorder"
	"raftkv/history"
)

// Patience of the last phase: a healed cluster answers a read at once, so a
// read that does not come through is tried again, but not for ever.
const (
	finalWorkers = 8
	finalRetry   = 100 * time.Millisecond
	// settling is how long a key may differ from what the cluster answers while
	// the last unknown writes land.
	settling = 10 * time.Second
)

// Final reads every key linearizably, each until it was read once or ctx is
// done, and records the reads as final. It returns what it read by key, and an
// error that names how many keys stayed unread.
func Final(ctx context.Context, s Store, rec *recorder.Recorder, keys []string) (map[string]history.Value, error) {
	todo := make(chan string, len(keys))
	for _, k := range keys {
		todo <- k
	}
	close(todo)
	var mu sync.Mutex
	var wait sync.WaitGroup
	read := make(map[string]history.Value, len(keys))
	for range finalWorkers {
		wait.Go(func() {
			c := rec.Client()
			for k := range todo {
				if v, ok := readUntil(ctx, s, c, history.Event{F: history.Get, Key: k, Final: true}); ok {
					mu.Lock()
					read[k] = v
					mu.Unlock()
				}
			}
		})
	}
	wait.Wait()
	if missing := len(keys) - len(read); missing > 0 {
		return read, fmt.Errorf("final reads: %d of %d keys could not be read", missing, len(keys))
	}
	return read, nil
}

// readUntil performs op until it succeeds or ctx is done.
func readUntil(ctx context.Context, s Store, c *recorder.Client, op history.Event) (history.Value, bool) {
	for ctx.Err() == nil {
		if v, err := readOnce(ctx, s, c, op); err == nil {
			return v, true
		}
		pause(ctx, finalRetry)
	}
	return history.Value{}, false
}

func readOnce(ctx context.Context, s Store, c *recorder.Client, op history.Event) (history.Value, error) {
	ctx, cancel := context.WithTimeout(ctx, timeoutRoaming)
	defer cancel()
	c.Invoke(op)
	v, _, err := perform(ctx, s, op)
	record(c, Ended(op.F, err), v, false, err)
	return v, err
}

// Divergence is a replica whose state differs from what the cluster answered,
// although it has had the time to catch up.
type Divergence struct {
	Node      int
	Key       string
	Want, Got history.Value
}

// Replicas reads every key from each node's own state, all nodes at once, and
// compares it with want. A write of unknown outcome may still land, so a
// difference is looked at again through whole (a client of all nodes) until it
// is gone or ctx is done; what is left then is real. The reads are recorded as
// final and stale. The error names the nodes of which some key could not be read:
// what was not looked at must not count as equal.
func Replicas(ctx context.Context, whole Store, nodes map[int]Store, rec *recorder.Recorder, want map[string]history.Value) ([]Divergence, error) {
	ids := sortedKeys(nodes)
	left, unread := make([][]Divergence, len(ids)), make([]error, len(ids))
	var wait sync.WaitGroup
	for i, id := range ids {
		wait.Go(func() {
			r := replica{id: id, own: nodes[id], whole: whole}
			left[i], unread[i] = r.compare(ctx, rec, want)
		})
	}
	wait.Wait()
	return slices.Concat(left...), errors.Join(unread...)
}

// replica compares one node's own state with the cluster's answer.
type replica struct {
	id         int
	own, whole Store
}

// compare looks at every key, several at once, and returns those that stay
// different.
func (r replica) compare(ctx context.Context, rec *recorder.Recorder, want map[string]history.Value) ([]Divergence, error) {
	names := sortedNames(want)
	seen, last := make([]bool, len(names)), make([]Divergence, len(names))
	var next atomic.Int64
	var wait sync.WaitGroup
	for range finalWorkers {
		wait.Go(func() {
			c := rec.Client()
			for i := next.Add(1) - 1; i < int64(len(names)); i = next.Add(1) - 1 {
				last[i], seen[i] = r.look(ctx, c, names[i], want[names[i]])
			}
		})
	}
	wait.Wait()
	left := slices.DeleteFunc(last, func(d Divergence) bool { return d.Want == d.Got })
	if unread := len(names) - count(seen); unread > 0 {
		return left, fmt.Errorf("final state of node %d: %d of %d keys could not be read", r.id, unread, len(names))
	}
	return left, nil
}

func count(all []bool) int {
	n := 0
	for _, b := range all {
		if b {
			n++
		}
	}
	return n
}

// look reads a key until the node has what the cluster answers, or settling took
// too long, and returns the last comparison; seen is false if the node never
// answered.
func (r replica) look(ctx context.Context, c *recorder.Client, key string, want history.Value) (d Divergence, seen bool) {
	ctx, cancel := context.WithTimeout(ctx, settling)
	defer cancel()
	op := history.Event{F: history.Get, Key: key, Final: true, Stale: true, Node: strconv.Itoa(r.id)}
	for ctx.Err() == nil {
		if got, err := readOnce(ctx, r.own, c, op); err == nil {
			d, seen = Divergence{Node: r.id, Key: key, Want: want, Got: got}, true
			if got == want {
				return d, true
			}
		}
		pause(ctx, finalRetry)
		again := history.Event{F: history.Get, Key: key, Final: true}
		if v, err := readOnce(ctx, r.whole, c, again); err == nil {
			want = v
		}
	}
	return d, seen
}

func sortedNames(m map[string]history.Value) []string {
	names := make([]string, 0, len(m))
	for k := range m {
		names = append(names, k)
	}
	sort.Strings(names)
	return names
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
