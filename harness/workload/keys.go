package workload

import (
	"fmt"
	"math/rand/v2"
	"sync"

	"raftkv/history"
)

// KeyLimits bound what one key may see, because the cost of checking a key
// grows with its operations, steeply with those at once, and with those whose
// outcome is unknown.
type KeyLimits struct {
	// Active keys are in use at the same time.
	Active int `json:"active"`
	// Operations on one key before a new one takes its place.
	Operations int `json:"operations"`
	// Clients on one key at once.
	Clients int `json:"clients"`
	// Unknown outcomes on one key before it is retired early.
	Unknown int `json:"unknown"`
}

// keys hands out keys under KeyLimits. Safe for concurrent use.
type keys struct {
	limits KeyLimits
	prefix string

	mu     sync.Mutex
	active []*key
	names  []string
}

type key struct {
	name    string
	used    int
	busy    int
	unknown int
	// last is a value that some client lately saw or wrote: a guess for a
	// compare-and-swap to expect, never a basis for judging.
	last history.Value
}

func newKeys(prefix string, l KeyLimits) *keys {
	k := &keys{limits: l, prefix: prefix}
	for range l.Active {
		k.active = append(k.active, k.fresh())
	}
	return k
}

// take leases a key for one operation and tells a guess of its value; nil when
// every key has as many clients as it may.
func (k *keys) take(r *rand.Rand) (*key, history.Value) {
	k.mu.Lock()
	defer k.mu.Unlock()
	start := r.IntN(len(k.active))
	for i := range k.active {
		slot := (start + i) % len(k.active)
		if e := k.active[slot]; e.busy < k.limits.Clients {
			k.use(slot, e)
			return e, e.last
		}
	}
	return nil, history.Value{}
}

// use counts an operation on e and replaces e once its budget is spent.
func (k *keys) use(slot int, e *key) {
	e.used++
	e.busy++
	if e.used >= k.limits.Operations {
		k.active[slot] = k.fresh()
	}
}

// give ends a lease with the value the key is now believed to have, if the
// operation tells.
func (k *keys) give(e *key, end history.Kind, now *history.Value) {
	k.mu.Lock()
	defer k.mu.Unlock()
	e.busy--
	if now != nil {
		e.last = *now
	}
	if end != history.Info {
		return
	}
	if e.unknown++; e.unknown >= k.limits.Unknown {
		k.retire(e)
	}
}

func (k *keys) retire(e *key) {
	for slot, a := range k.active {
		if a == e {
			k.active[slot] = k.fresh()
		}
	}
}

func (k *keys) fresh() *key {
	name := fmt.Sprintf("%s%03d", k.prefix, len(k.names))
	k.names = append(k.names, name)
	return &key{name: name}
}

// all lists every key handed out so far, in the order of their making.
func (k *keys) all() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return append([]string(nil), k.names...)
}
