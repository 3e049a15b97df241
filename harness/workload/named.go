package workload

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"raftkv/history"
	"raftkv/history/check"
)

// Names of the workloads.
const (
	// Mixed is every function on a few keys: the default.
	Mixed = "mixed"
	// Register is put and get alone, which is judged in polynomial time.
	Register = "register"
	// CompareAndSwap is cas mostly.
	CompareAndSwap = "cas"
	// Counter counts by cas: every acknowledged increment must be in the end.
	Counter = "counter"
	// List appends by cas: no element lost, none twice, none out of order.
	List = "list"
	// ManyKeys is Mixed on hundreds of keys at once.
	ManyKeys = "many-keys"
	// Lock takes and frees a lock by cas, with a fencing token for each holder.
	Lock = "lock"
	// FollowerReads has many clients read, linearizably, at each node.
	FollowerReads = "follower-reads"
	// StaleReads has clients at each node read what may lie in the past, within a
	// bound that is judged.
	StaleReads = "stale-reads"
)

// ErrUnknownWorkload means that there is no workload of that name.
var ErrUnknownWorkload = errors.New("no such workload")

// shapes make of the default load the named one.
var shapes = map[string]func(*Config){
	Mixed:          func(*Config) {},
	Register:       func(c *Config) { c.Mix = Mix{Put: c.Mix.Put, Get: c.Mix.Get} },
	CompareAndSwap: func(c *Config) { c.Mix = Mix{Put: 5, Get: 20, CAS: 75} },
	Counter:        func(c *Config) { c.Mix = Mix{Get: 30, CAS: 70} },
	List:           func(c *Config) { c.Mix, c.Keys.Operations = Mix{Get: 30, CAS: 70}, 120 },
	Lock:           func(c *Config) { c.Mix = Mix{Get: 30, CAS: 70} },
	ManyKeys:       func(c *Config) { c.Keys.Active, c.Keys.Operations = 300, 40 },
	FollowerReads: func(c *Config) {
		c.Mix = Mix{Put: 60, Get: 10, CAS: 25, Delete: 5}
		c.Readers, c.ReaderRate, c.Keys.Active = 4, 20, 16
	},
	StaleReads: func(c *Config) {
		c.Mix = Mix{Put: c.Mix.Put, Get: c.Mix.Get}
		c.Readers, c.ReaderRate, c.Keys.Active = 4, 20, 16
		c.MaxAge = maxAge
	},
}

// maxAge is the bound of stale reads: less than a leader that was cut off needs
// to find out, so that keeping it takes more than stepping down.
const maxAge = 300 * time.Millisecond

// Names lists the workloads.
func Names() []string {
	names := make([]string, 0, len(shapes))
	for name := range shapes {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Named is the load of that name as the seed draws it; "" is Mixed. An error is
// ErrUnknownWorkload.
func Named(name string, seed uint64) (Config, error) {
	c := NewConfig(seed)
	if name == "" {
		name = Mixed
	}
	shape, ok := shapes[name]
	if !ok {
		return c, fmt.Errorf("%w: %q (there are %s)", ErrUnknownWorkload, name, strings.Join(Names(), ", "))
	}
	c.Workload = name
	shape(&c)
	return c, nil
}

// prefix begins the load's keys, and says what they hold.
func (c Config) prefix() string {
	own := map[string]string{Counter: history.CounterPrefix, List: history.ListPrefix, Lock: history.LockPrefix}[c.Workload]
	return fmt.Sprintf("%sk%d-", own, c.Seed)
}

// Counts names the function to count where a floor wants f to succeed: f, if the
// load has it, and otherwise the one that it writes by.
func (c Config) Counts(f history.Function) history.Function {
	share := map[history.Function]int{history.Put: c.Mix.Put, history.CAS: c.Mix.CAS, history.Delete: c.Mix.Delete, history.Get: c.Mix.Get}
	switch {
	case share[f] > 0:
		return f
	case c.Mix.Put > c.Mix.CAS:
		return history.Put
	default:
		return history.CAS
	}
}

// least is how many must succeed in a healthy phase of what a load is about.
const least = 5

// Floors are what must have succeeded, besides the scenario's floors, for this
// load to have asked its question. Of loads about reads at nodes: reads at each
// of the given nodes in the first healthy phase, and somewhere in the last, when
// members may have changed. Of loads that write by cas alone: some that won.
func (c Config) Floors(nodes []string, before, after string) []check.Floor {
	reads := check.Floor{Phase: before, Function: history.Get, Min: least}
	wins := check.Floor{Phase: before, Function: history.CAS, Changed: true, Min: least}
	switch c.Workload {
	case Counter, List, Lock:
		late := wins
		late.Phase = after
		return []check.Floor{wins, late}
	case StaleReads:
		reads.Stale = true
	case FollowerReads:
	default:
		return nil
	}
	late := reads
	late.Phase = after
	all := []check.Floor{late}
	for _, node := range nodes {
		reads.Nodes = []string{node}
		all = append(all, reads)
	}
	return all
}

// roam is what clients that know every node do.
func (c Config) roam() script {
	switch c.Workload {
	case Counter:
		return stepping(increment)
	case List:
		return stepping(appendTo)
	case Lock:
		return stepping((*worker).lock)
	default:
		return (*worker).mixed
	}
}

// read is what readers pinned on a node do.
func (c Config) read() script {
	if c.MaxAge == 0 {
		return func(_ *worker, key string, _ history.Value) history.Event {
			return history.Event{F: history.Get, Key: key}
		}
	}
	return func(w *worker, key string, _ history.Value) history.Event {
		if w.rand.IntN(3) == 0 {
			return history.Event{F: history.Get, Key: key}
		}
		return history.Event{F: history.Get, Key: key, Stale: true, MaxAge: int64(c.MaxAge)}
	}
}

// write is the mix of writers pinned on a node.
func (c Config) write() Mix {
	if c.Mix.CAS == 0 {
		return Mix{Put: 1}
	}
	if c.Mix.Put == 0 {
		return Mix{CAS: 1}
	}
	return onlyWrites
}

// newRand is a worker's own source: the seed and its number decide it.
func newRand(seed uint64, number int) *rand.Rand {
	return rand.New(rand.NewPCG(seed, uint64(number)))
}
