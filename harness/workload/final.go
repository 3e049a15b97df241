package workload

import (
	"context"
	"fmt"
	"sort"
	"strconv"
	"sync"
	"time"

	"raftkv/harness/recorder"
	"raftkv/history"
)

// Patience of the last phase: a healed cluster answers a read at once, so a
// read that does not come through is tried again, but not for ever.
const (
	finalWorkers = 8
	finalRetry   = 100 * time.Millisecond
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

// Replicas reads every key from each node's own state and compares it with
// want. A write of unknown outcome may still land, so a difference is looked at
// again through whole (a client of all nodes) until it is gone or ctx is done;
// what is left then is real. The reads are recorded as final and stale.
func Replicas(ctx context.Context, whole Store, nodes map[int]Store, rec *recorder.Recorder, want map[string]history.Value) []Divergence {
	c := rec.Client()
	var left []Divergence
	for _, id := range sortedKeys(nodes) {
		for _, k := range sortedNames(want) {
			r := replica{id: id, own: nodes[id], whole: whole, rec: c}
			if d, ok := r.differs(ctx, k, want[k]); ok {
				left = append(left, d)
			}
		}
	}
	return left
}

// replica compares one node's own state with the cluster's answer.
type replica struct {
	id         int
	own, whole Store
	rec        *recorder.Client
}

func (r replica) differs(ctx context.Context, key string, want history.Value) (Divergence, bool) {
	op := history.Event{F: history.Get, Key: key, Final: true, Stale: true, Node: strconv.Itoa(r.id)}
	var d Divergence
	seen := false
	for ctx.Err() == nil {
		got, err := readOnce(ctx, r.own, r.rec, op)
		if err == nil && got == want {
			return d, false
		}
		if err == nil {
			d, seen = Divergence{Node: r.id, Key: key, Want: want, Got: got}, true
		}
		pause(ctx, finalRetry)
		again := history.Event{F: history.Get, Key: key, Final: true}
		if v, err := readOnce(ctx, r.whole, r.rec, again); err == nil {
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
