package rafttest

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Shrink cuts a failing run down to few faults, troubles and client operations,
// and a short time, in which the same rule still breaks: none of what is left
// can be taken out alone. It gives back the options of that run, and its result;
// ok is false if the run that it was given does not fail. It tells say, if not
// nil, how far it is. It makes some hundred runs.
func Shrink(o Options, say io.Writer) (small Options, r Result, ok bool) {
	if say == nil {
		say = io.Discard
	}
	o.Trace = nil
	r = Run(o)
	if r.Failure == nil {
		return o, r, false
	}
	s := &shrinker{best: o, result: r, rule: r.Failure.Rule, say: say}
	s.best.SkipJudge = s.best.SkipJudge || !strings.HasPrefix(s.rule, "history")
	s.best.Keep = s.everything()
	s.tries(s.best)
	for before := -1; before != s.size(); {
		before = s.size()
		s.round()
	}
	s.best.SkipJudge = o.SkipJudge
	return s.best, s.result, true
}

// shrinker holds the smallest run so far that breaks the rule.
type shrinker struct {
	best   Options
	result Result
	rule   string
	say    io.Writer
	runs   int
}

// everything is a cut that leaves out nothing of what happened.
func (s *shrinker) everything() Keep {
	k := Keep{Faults: []uint64{}, Calls: []uint64{}, Troubles: Troubles()}
	for _, f := range s.result.Faults {
		k.Faults = append(k.Faults, f.Number)
	}
	for _, c := range s.result.Calls {
		k.Calls = append(k.Calls, c.Number)
	}
	return k
}

func (s *shrinker) size() int {
	k := s.best.Keep
	return len(k.Faults) + len(k.Calls) + len(k.Troubles) + int(s.best.duration()/time.Millisecond)
}

// round tries to take away from each part in turn.
func (s *shrinker) round() {
	s.shorten()
	ddmin(s.best.Keep.Faults, func(part []uint64) bool {
		o := s.best
		o.Keep.Faults = part
		return s.tries(o)
	})
	ddmin(s.best.Keep.Troubles, func(part []string) bool {
		o := s.best
		o.Keep.Troubles = part
		return s.tries(o)
	})
	ddmin(s.best.Keep.Calls, func(part []uint64) bool {
		o := s.best
		o.Keep.Calls = part
		return s.tries(o)
	})
	s.tell()
}

// shorten tries to heal the cluster sooner.
func (s *shrinker) shorten() {
	for _, part := range []time.Duration{8, 4, 2} { // an eighth, a quarter, a half off at the end
		for {
			o := s.best
			o.Duration = (o.duration() - o.duration()/part).Round(time.Millisecond)
			if o.Duration < shortest || !s.tries(o) {
				break
			}
		}
	}
}

// shortest is the shortest time that a run is cut down to.
const shortest = 100 * time.Millisecond

// tries keeps a smaller run if it breaks the same rule.
func (s *shrinker) tries(o Options) bool {
	s.runs++
	r := Run(o)
	if r.Failure == nil || r.Failure.Rule != s.rule {
		return false
	}
	s.best, s.result = o, r
	return true
}

func (s *shrinker) tell() {
	k := s.best.Keep
	fmt.Fprintf(s.say, "%d runs: %d faults, %d troubles, %d calls in %v still break %s\n",
		s.runs, len(k.Faults), len(k.Troubles), len(k.Calls), s.best.duration(), s.rule)
}

// ddmin is delta debugging: it takes ever smaller parts out of items, as long as
// what is left still fails, and ends when no single one can go (Zeller and
// Hildebrandt, 2002).
func ddmin[T any](items []T, fails func([]T) bool) []T {
	for parts := 1; len(items) > 0; {
		if less, ok := without(items, parts, fails); ok {
			items, parts = less, max(parts-1, 1)
			continue
		}
		if parts >= len(items) {
			break
		}
		parts = min(2*parts, len(items))
	}
	return items
}

// without looks for one of so many parts of items that can go.
func without[T any](items []T, parts int, fails func([]T) bool) ([]T, bool) {
	for i := range parts {
		from, to := i*len(items)/parts, (i+1)*len(items)/parts
		// Never nil, which would stand for everything.
		rest := append(append(make([]T, 0, len(items)), items[:from]...), items[to:]...)
		if fails(rest) {
			return rest, true
		}
	}
	return items, false
}

// Describe puts a run's plan into words: the cluster, what troubles it all the
// time, and what happened until it healed.
func Describe(o Options, r Result) string {
	var b strings.Builder
	p := newPlan(o, newDice(o.Seed, streamPlan))
	fmt.Fprintf(&b, "seed %d: voters %v, learners %v, joiners %v; faults for %v\n", o.Seed, p.voters, p.learners, p.joiners, o.duration())
	if k := o.Keep.Troubles; k != nil {
		fmt.Fprintf(&b, "troubles: %s\n", strings.Join(k, ", "))
	}
	for _, f := range r.Faults {
		fmt.Fprintf(&b, "%12.6fs  fault %d: %s\n", f.At.Seconds(), f.Number, f.What)
	}
	for _, c := range r.Calls {
		fmt.Fprintf(&b, "%12.6fs  call %d: %s\n", c.At.Seconds(), c.Number, c.What)
	}
	return b.String()
}
