package check

import (
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
			Process: s.process, F: history.Get, Key: "k", Call: s.now, Return: s.now + 1,
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
		Process: s.process, Key: "k", F: s.function(), Call: s.tick(),
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
	s.pending = append(s.pending, &running{index: len(s.ops)})
	s.ops = append(s.ops, o)
}

func (s *simulation) function() history.Function {
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
	s.past = append(s.past, s.state)
	if s.Float64() >= s.bug { // else it is lost
		s.state = next
	}
}
