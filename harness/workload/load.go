package workload

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
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

// only are the mixes of the pinned clients: readers read, linearizably, and
// nothing else; writers leave unknown outcomes on a leader that was cut off.
var (
	onlyReads  = Mix{Get: 1}
	onlyWrites = Mix{Put: 3, CAS: 1}
)

// Start opens the clients and lets them run until Stop. addresses are the
// nodes' client addresses by node id. The caller owns rec.
func Start(cfg Config, addresses map[int]string, dial Dialer, rec *recorder.Recorder) (*Load, error) {
	l := &Load{cfg: cfg, rec: rec, keys: newKeys(fmt.Sprintf("k%d-", cfg.Seed), cfg.Keys)}
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
	g.add(l.cfg.Roaming, all, "", l.cfg.Mix, interval(l.cfg.Rate, l.cfg.Roaming), timeoutRoaming)
	for _, id := range ids {
		at := []string{addresses[id]}
		g.add(l.cfg.Readers, at, strconv.Itoa(id), onlyReads, interval(l.cfg.ReaderRate, 1), timeoutPinned)
		g.add(l.cfg.Writers, at, strconv.Itoa(id), onlyWrites, interval(l.cfg.WriterRate, 1), timeoutPinned)
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

func (g *group) add(n int, addresses []string, node string, m Mix, every, timeout time.Duration) {
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
		g.workers = append(g.workers, &worker{
			store: s, rec: g.load.rec.Client(), keys: g.load.keys,
			rand: rand.New(rand.NewPCG(g.load.cfg.Seed, uint64(len(g.workers)))),
			mix:  m, node: node, every: every, timeout: timeout,
		})
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
