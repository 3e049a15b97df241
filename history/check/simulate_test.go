package check

import (
	"cmp"
	"fmt"
	"math/rand/v2"

	"raftkv/history"
)

// simulation is one atomic register and its clients. As it is it only produces
// linearizable histories; each of its bugs may make it produce others.
type simulation struct {
	*rand.Rand
	now     int64
	state   history.Value
	past    []history.Value
	next    int
	values  int // 0: every value is unique
	deletes bool
	swaps   bool
	unknown float64
	bug     float64
	behind  float64 // of gets, and of nothing else, that a node behind answers
	// step, if set, makes the key an object: gets, and cas from what is expected
	// to its step.
	step func(r *rand.Rand, expect history.Value, tag string) history.Value
	key  string
	// maxAge, if set, makes gets stale ones with that bound; until says when each
	// past state was replaced.
	maxAge  int64
	until   []int64
	ops     []history.Operation
	pending []*running
	process int
}

// running is an operation underway. Its effect comes at most once.
type running struct {
	index   int
	applied bool
	lost    bool // its client is gone
}

func (s *simulation) tick() int64 {
	s.now += int64(s.IntN(2)) // instants may coincide
	return s.now
}

func (s *simulation) fresh() history.Value {
	if s.values > 0 {
		return history.Some(fmt.Sprint(s.IntN(s.values)))
	}
	s.next++
	return history.Some(fmt.Sprintf("v%d", s.next))
}

// run has clients do n operations, and then as many final reads.
func (s *simulation) run(n, clients, final int) []history.Operation {
	for started := 0; started < n || s.busy() > 0; {
		if started < n && s.busy() < clients && s.IntN(2) == 0 {
			s.invoke()
			started++
			continue
		}
		if len(s.pending) > 0 {
			s.advance(s.pending[s.IntN(len(s.pending))])
		}
	}
	for range final {
		s.now++
		s.ops = append(s.ops, history.Operation{
			Process: s.process, F: history.Get, Key: cmp.Or(s.key, "k"), Call: s.now, Return: s.now + 1,
			Outcome: history.OutcomeOk, Output: s.state, Final: true,
		})
		s.now += 2
		s.process++
	}
	return s.ops
}

func (s *simulation) busy() int {
	n := 0
	for _, p := range s.pending {
		if !p.lost {
			n++
		}
	}
	return n
}

func (s *simulation) invoke() {
	o := history.Operation{
		Process: s.process, Key: cmp.Or(s.key, "k"), F: s.function(), Call: s.tick(),
		Return: history.Infinity, Outcome: history.OutcomeUnknown,
	}
	s.process++
	if o.F == history.Put || o.F == history.CAS {
		o.Input = s.fresh()
	}
	if o.F == history.CAS {
		o.Expect = s.state
		if s.IntN(3) == 0 && len(s.past) > 0 {
			o.Expect = s.past[s.IntN(len(s.past))]
		}
	}
	if o.F == history.CAS && s.step != nil {
		o.Input = s.step(s.Rand, o.Expect, fmt.Sprint("t", s.process))
	}
	if o.F == history.Get && s.maxAge > 0 {
		o.Stale, o.MaxAge = true, s.maxAge
	}
	s.pending = append(s.pending, &running{index: len(s.ops)})
	s.ops = append(s.ops, o)
}

func (s *simulation) function() history.Function {
	if s.step != nil {
		return []history.Function{history.Get, history.CAS, history.CAS}[s.IntN(3)]
	}
	fs := []history.Function{history.Get, history.Get, history.Put}
	if s.deletes {
		fs = append(fs, history.Delete)
	}
	if s.swaps {
		fs = append(fs, history.CAS)
	}
	return fs[s.IntN(len(fs))]
}

func (s *simulation) advance(p *running) {
	o := &s.ops[p.index]
	switch {
	case p.lost:
		s.apply(p, o) // long after its client went away
		s.remove(p)
	case s.Float64() < s.unknown:
		p.lost = true
		o.GaveUp = s.tick()
		if p.applied || s.IntN(3) == 0 {
			s.remove(p)
		}
	case !p.applied && s.IntN(12) == 0:
		o.Outcome, o.Return = history.OutcomeFail, s.tick()
		if s.Float64() < s.bug {
			s.apply(p, o)
		}
		s.remove(p)
	case !p.applied:
		s.apply(p, o)
	default:
		o.Outcome, o.Return = history.OutcomeOk, s.tick()
		if s.Float64() < s.bug/2 { // the retry of a lost reply
			s.apply(p, o)
		}
		s.remove(p)
	}
	if p.lost {
		o.Output, o.Swapped = history.Value{}, false
	}
}

func (s *simulation) remove(p *running) {
	for i := range s.pending {
		if s.pending[i] == p {
			s.pending = append(s.pending[:i], s.pending[i+1:]...)
			return
		}
	}
}

// apply gives the operation its reply and the register its new state.
func (s *simulation) apply(p *running, o *history.Operation) {
	p.applied = true
	found := s.state
	if s.Float64() < s.bug && len(s.past) > 0 { // a node that is behind
		found = s.past[s.IntN(len(s.past))]
	}
	next := s.state
	switch o.F {
	case history.Get:
		if s.behind > 0 && len(s.past) > 0 && s.Float64() < s.behind {
			found = s.past[s.IntN(len(s.past))]
		}
		if s.maxAge > 0 && len(s.past) > 0 {
			if i := s.IntN(len(s.past)); s.until[i] >= o.Call-s.maxAge || s.Float64() < s.bug {
				found = s.past[i]
			}
		}
		o.Output = found
	case history.Put:
		next = o.Input
	case history.Delete:
		o.Output = history.Value{Present: found.Present}
		next = history.Value{}
	case history.CAS:
		o.Output, o.Swapped = found, found == o.Expect
		if o.Swapped {
			next = o.Input
		}
	}
	s.past, s.until = append(s.past, s.state), append(s.until, s.now)
	if s.Float64() >= s.bug { // else it is lost
		s.state = next
	}
}
