package node

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"raftkv/node/events"
	"raftkv/node/failpoint"
	"raftkv/node/kv"
	"raftkv/node/levers"
	"raftkv/node/peer"
	"raftkv/raft"
)

// proposal is the requests whose commands one log entry carries, in order.
type proposal struct {
	term     uint64
	requests []*request
}

// applied is what the machine tells the loop after it emptied its inbox.
type applied struct {
	// index up to which everything is in the state machine; 0: nothing new.
	index uint64
	took  time.Duration
	err   error
}

// machine owns the state machine. Only its goroutine touches the store, so
// that applying, reading and viewing need no lock: they happen in the order in
// which the loop asked for them.
type machine struct {
	store *kv.Store
	term  uint64 // of the last applied entry
	tasks *inbox[func(*machine) error]
	done  func(applied)
	limit listLimit
	// compare is told what the state is after every checkEvery entries; 0: never.
	checkEvery uint64
	compare    func(peer.Digest)
	// Facts for other goroutines.
	keys     atomic.Uint64
	sessions atomic.Uint64
	answers  atomic.Uint64 // their bytes
	clockMS  atomic.Uint64
	metrics  *metrics
	events   *events.Stream
}

func newMachine(store *kv.Store, term uint64, m *metrics, done func(applied)) *machine {
	mc := &machine{store: store, term: term, tasks: newInbox[func(*machine) error](make(chan struct{}, 1)), done: done, metrics: m, limit: defaultListLimit}
	mc.publish()
	return mc
}

// run works until ctx ends or a task fails: an error in apply is never skipped,
// or this replica would differ from the others.
func (m *machine) run(ctx context.Context) {
	for {
		select {
		case <-m.tasks.wake:
		case <-ctx.Done():
			m.serve() // who waits for these is still there
			return
		}
		if !m.serve() {
			return
		}
	}
}

func (m *machine) serve() bool {
	before, start := m.store.AppliedIndex(), time.Now()
	var err error
	for _, task := range m.tasks.take() {
		if err = task(m); err != nil {
			break
		}
	}
	m.publish()
	done := applied{took: time.Since(start), err: err}
	if now := m.store.AppliedIndex(); now != before {
		done.index = now
	}
	if done.index != 0 || err != nil {
		m.done(done)
	}
	return err == nil
}

func (m *machine) publish() {
	m.keys.Store(uint64(m.store.Keys()))
	m.sessions.Store(uint64(m.store.Sessions()))
	m.answers.Store(uint64(m.store.AnswerBytes()))
	m.clockMS.Store(m.store.ClockMS())
}

// apply queues a committed entry; p is whose commands it carries, if they wait
// on this node.
func (m *machine) apply(e raft.Entry, p *proposal) {
	m.tasks.put(func(m *machine) error { return m.applyEntry(e, p) })
}

func (m *machine) applyEntry(e raft.Entry, p *proposal) error {
	if !e.Intact() {
		return fmt.Errorf("apply entry %d: %w", e.Index, ErrCorruptMemory)
	}
	data := e.Data
	if e.Type != raft.EntryCommand {
		data = nil
	}
	start := time.Now()
	failpoint.At(failpoint.ApplyBefore)
	results, err := m.store.Apply(e.Index, data)
	if err != nil {
		return fmt.Errorf("apply entry %d: %w", e.Index, err)
	}
	failpoint.At(failpoint.ApplyAfter)
	m.term = e.Term
	if m.checkEvery > 0 && e.Index%m.checkEvery == 0 {
		m.compare(peer.Digest{Index: e.Index, Digest: m.store.Digest()})
	}
	if m.events != nil {
		m.events.Apply(e, m.store.Digest(), len(results))
	}
	m.metrics.apply.Observe(time.Since(start).Seconds())
	m.metrics.commands.Add(float64(len(results)))
	if p == nil {
		return nil
	}
	// The clock that a leader may put in front has nobody waiting for it.
	results = results[len(results)-len(p.requests):]
	for i, r := range p.requests {
		if r != nil {
			r.answer(writeResponse(r.command, results[i]))
			m.metrics.proposal.Observe(levers.Now().Sub(r.arrived).Seconds())
		}
	}
	return nil
}

// read queues reads behind everything that was queued before.
func (m *machine) read(rs []*request) {
	m.tasks.put(func(m *machine) error {
		for _, r := range rs {
			r.answer(m.answerRead(r))
		}
		return nil
	})
}

// view queues f on the store and the term of its last entry; f must not keep
// the store.
func (m *machine) view(f func(s *kv.Store, term uint64)) {
	m.tasks.put(func(m *machine) error { f(m.store, m.term); return nil })
}

// swap queues the replacement of the whole state by a restored one.
func (m *machine) swap(s *kv.Store, term uint64, then func()) {
	m.tasks.put(func(m *machine) error {
		failpoint.At(failpoint.InstallSwapBefore)
		m.store, m.term = s, term
		if m.events != nil {
			m.events.Restored(s.AppliedIndex(), term, s.Digest())
		}
		failpoint.At(failpoint.InstallSwapAfter)
		then()
		return nil
	})
}
