package workload

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"raftkv/harness/recorder"
)

// Load is a running set of clients.
type Load struct {
	cfg    Config
	rec    *recorder.Recorder
	keys   *keys
	stores []Store
	stop   context.CancelFunc
	wait   sync.WaitGroup
}

// onlyWrites is the mix of pinned writers, which leave unknown outcomes on a
// leader that was cut off.
var onlyWrites = Mix{Put: 3, CAS: 1}

// Start opens the clients and lets them run until Stop. addresses are the
// nodes' client addresses by node id. The caller owns rec.
func Start(cfg Config, addresses map[int]string, dial Dialer, rec *recorder.Recorder) (*Load, error) {
	l := &Load{cfg: cfg, rec: rec, keys: newKeys(cfg.prefix(), cfg.Keys)}
	workers, err := l.workers(addresses, dial)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open workload client: %w", err), l.close())
	}
	ctx, cancel := context.WithCancel(context.Background())
	l.stop = cancel
	for _, w := range workers {
		l.wait.Go(func() { w.run(ctx) })
	}
	return l, nil
}

// Stop lets every operation in flight end, then closes the clients. It takes
// no longer than one operation's timeout.
func (l *Load) Stop() error {
	l.stop()
	l.wait.Wait()
	return l.close()
}

// Keys lists every key the load has used.
func (l *Load) Keys() []string { return l.keys.all() }

// workers makes every client, in an order that the seed and the number of
// nodes alone decide.
func (l *Load) workers(addresses map[int]string, dial Dialer) ([]*worker, error) {
	ids := sortedKeys(addresses)
	all := make([]string, len(ids))
	for i, id := range ids {
		all[i] = addresses[id]
	}
	g := group{load: l, dial: dial}
	g.add(l.cfg.Roaming, all, "", worker{mix: l.cfg.Mix, script: l.cfg.roam(), every: interval(l.cfg.Rate, l.cfg.Roaming), timeout: timeoutRoaming})
	for _, id := range ids {
		at := []string{addresses[id]}
		node := strconv.Itoa(id)
		g.add(l.cfg.Readers, at, node, worker{script: l.cfg.read(), every: interval(l.cfg.ReaderRate, 1), timeout: timeoutPinned})
		g.add(l.cfg.Writers, at, node, worker{mix: l.cfg.write(), script: l.cfg.roam(), every: interval(l.cfg.WriterRate, 1), timeout: timeoutPinned})
	}
	return g.workers, g.err
}

// group collects workers until the first error.
type group struct {
	load    *Load
	dial    Dialer
	workers []*worker
	err     error
}

// add makes n workers like w that know these addresses.
func (g *group) add(n int, addresses []string, node string, w worker) {
	for range n {
		if g.err != nil {
			return
		}
		s, err := g.dial(addresses, node != "")
		if err != nil {
			g.err = err
			return
		}
		g.load.stores = append(g.load.stores, s)
		one := w
		one.store, one.rec, one.keys, one.node = s, g.load.rec.Client(), g.load.keys, node
		one.rand = newRand(g.load.cfg.Seed, len(g.workers))
		g.workers = append(g.workers, &one)
	}
}

func (l *Load) close() error {
	var all []error
	for _, s := range l.stores {
		all = append(all, s.Close())
	}
	return errors.Join(all...)
}

// interval is how often each of n clients starts an operation so that together
// they start rate a second.
func interval(rate, n int) time.Duration {
	if rate <= 0 {
		return time.Second
	}
	return time.Second * time.Duration(max(n, 1)) / time.Duration(rate)
}

func sortedKeys[V any](m map[int]V) []int {
	ids := make([]int, 0, len(m))
	for id := range m {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}
