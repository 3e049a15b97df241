package check

import "sync/atomic"

// pool is the memory that all searches together may hold. Porcupine remembers
// every configuration that it has been in, and a hopeless key would otherwise
// take the machine with it.
type pool struct{ free atomic.Int64 }

// meter charges one search's configurations to the pool. Its fields are atomic
// since a search that ran out of time goes on for a step after porcupine has
// returned.
type meter struct {
	pool *pool
	size int64
	held atomic.Int64
	dry  atomic.Bool
}

// configurationOverhead is what a remembered configuration takes beside its set
// of operations: map entry, slice, state.
const configurationOverhead = 120

// newMeter meters a search over n operations. A nil pool has no end.
func newMeter(p *pool, n int) *meter {
	return &meter{pool: p, size: configurationOverhead + int64(n/8)}
}

func (m *meter) charge() {
	m.held.Add(m.size)
	if m.pool != nil && m.pool.free.Add(-m.size) < 0 {
		m.dry.Store(true)
	}
}

func (m *meter) exhausted() bool { return m.dry.Load() }

// release gives back what the search held.
func (m *meter) release() {
	if m.pool != nil {
		m.pool.free.Add(m.held.Swap(0))
	}
}
