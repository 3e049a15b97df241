package scenarios

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"raftkv/harness/run"
	"raftkv/history/check"
)

// ErrNothingToShrink means a run that passed.
var ErrNothingToShrink = errors.New("the run passed: there is nothing to make smaller")

// ErrNotRepeated means that a schedule did not fail again, however often it was
// run.
var ErrNotRepeated = errors.New("it did not fail again: try more runs for each candidate")

// ErrNotRunHere means that a schedule needs what is not here; the text says what.
var ErrNotRunHere = errors.New("it cannot be run here")

// shortest is how short holds and the load around the faults are made.
const shortest = 500 * time.Millisecond

// Failure is how a run failed, and so what counts as failing again.
type Failure struct {
	Result check.Result
	// Kinds of violations; one of them is enough.
	Kinds []check.Kind
}

// FailureOf reads how the run of a folder failed.
func FailureOf(dir string) (Failure, error) {
	var v check.Verdict
	if err := (run.Folder{Path: dir}).ReadJSON(run.VerdictFile, &v); err != nil {
		return Failure{}, err
	}
	f := Failure{Result: v.Result}
	if v.Result == check.Pass {
		return f, ErrNothingToShrink
	}
	for _, violation := range v.Violations {
		if !slices.Contains(f.Kinds, violation.Kind) {
			f.Kinds = append(f.Kinds, violation.Kind)
		}
	}
	return f, nil
}

// Again tells whether a verdict is the same failure.
func (f Failure) Again(v check.Verdict) bool {
	if v.Result != f.Result {
		return false
	}
	return len(f.Kinds) == 0 || slices.ContainsFunc(f.Kinds, func(k check.Kind) bool { return v.Counts[k] > 0 })
}

// Candidate is a schedule that was tried in place of a larger one.
type Candidate struct {
	// What was left out or made shorter.
	What  string
	Steps int
	// Runs is how often it was run, and Failed how often it failed: once is
	// enough, and ends the runs.
	Runs, Failed int
}

// Shrinker makes a failing schedule smaller by running candidates.
type Shrinker struct {
	// Run runs a schedule.
	Run func(context.Context, run.Schedule) (Result, error)
	// Tries is how often a candidate is run at most, until it fails.
	Tries   int
	Failure Failure
	// Told, if set, hears of each candidate once it is decided.
	Told func(Candidate)
	// Drop, if set, is given each run's result that is not the smallest's.
	Drop func(Result)

	// Last is the candidate that was the smallest to fail.
	Last Candidate

	smallest run.Schedule
	result   Result
	skipped  string // why nothing can be run
}

// Shrink gives the smallest failing schedule that it finds, and the result of
// its run: first with the fewest faults, then with the shortest times. An ended
// ctx ends the search, and what it has found by then is the answer.
func (s *Shrinker) Shrink(ctx context.Context, from run.Schedule) (run.Schedule, Result, error) {
	s.smallest = from.Planned()
	if !s.try(ctx, "as it was", s.smallest) {
		if s.skipped != "" {
			return from, Result{}, fmt.Errorf("%w: %s", ErrNotRunHere, s.skipped)
		}
		return from, Result{}, ErrNotRepeated
	}
	s.fewer(ctx)
	s.shorter(ctx)
	return s.smallest, s.result, nil
}

// try runs a candidate until it fails, and takes it for the smallest if it does.
func (s *Shrinker) try(ctx context.Context, what string, candidate run.Schedule) bool {
	c := Candidate{What: what, Steps: len(candidate.Steps)}
	for c.Runs < s.Tries && c.Failed == 0 && s.skipped == "" && ctx.Err() == nil {
		r, err := s.Run(ctx, candidate)
		c.Runs++
		switch {
		case r.Skipped != "":
			s.skipped = r.Skipped
		case err == nil && s.Failure.Again(r.Verdict) && (ctx.Err() == nil || r.Verdict.Result == check.Violated):
			// one that was cut short is inconclusive for that alone
			c.Failed++
			s.drop(s.result)
			s.smallest, s.result = s.resolved(r, candidate), r
		default:
			s.drop(r)
		}
	}
	if c.Failed > 0 {
		s.Last = c
	}
	if s.Told != nil && c.Runs > 0 {
		s.Told(c)
	}
	return c.Failed > 0
}

// resolved is the candidate with what its run has resolved, if it left it.
func (s *Shrinker) resolved(r Result, candidate run.Schedule) run.Schedule {
	if saved, err := run.ReadSchedule(r.Dir); err == nil {
		return saved.Planned()
	}
	return candidate
}

func (s *Shrinker) drop(r Result) {
	if s.Drop != nil && r.Dir != "" {
		s.Drop(r)
	}
}

// fewer takes faults out: half of them at a time, then a quarter, in the end one
// by one, the last ones first, until none can be missed.
func (s *Shrinker) fewer(ctx context.Context) {
	for size := (len(s.smallest.Steps) + 1) / 2; size >= 1; {
		if s.without(ctx, size) {
			size = min(size, (len(s.smallest.Steps)+1)/2)
			continue
		}
		size /= 2
	}
}

// without takes out one part of the given size, and says whether it could.
func (s *Shrinker) without(ctx context.Context, size int) bool {
	steps := s.smallest.Steps
	for end := len(steps); end > 0; end -= size {
		start := max(end-size, 0)
		if start == 0 && end == len(steps) || ctx.Err() != nil {
			continue // without any fault nothing would be tested
		}
		c := s.smallest
		c.Steps = slices.Delete(slices.Clone(steps), start, end)
		if s.try(ctx, "without "+partName(steps[start:end]), c) {
			return true
		}
	}
	return false
}

// partName names steps that are taken out.
func partName(steps []run.Step) string {
	if len(steps) == 1 {
		return fmt.Sprintf("%q", steps[0].Name)
	}
	return fmt.Sprintf("%d faults from %q on", len(steps), steps[0].Name)
}

// shorter makes times shorter, one kind of them after the other.
func (s *Shrinker) shorter(ctx context.Context) {
	for _, cut := range []struct {
		what  string
		apply func(*run.Schedule)
	}{
		{"with little load before and after", func(c *run.Schedule) { c.Warmup, c.Tail = shortest, shortest }},
		{"with no pause before a fault", hurry},
	} {
		s.change(ctx, cut.what, cut.apply)
	}
	for halved := true; halved; {
		halved = s.change(ctx, "with holds half as long", halve)
	}
}

// change tries the smallest schedule with a change; one that changes nothing is
// not tried.
func (s *Shrinker) change(ctx context.Context, what string, apply func(*run.Schedule)) bool {
	c := s.smallest
	c.Steps = slices.Clone(c.Steps)
	apply(&c)
	if ctx.Err() != nil || sameTimes(c, s.smallest) {
		return false
	}
	return s.try(ctx, what, c)
}

func halve(c *run.Schedule) {
	for i := range c.Steps {
		c.Steps[i].Hold = min(c.Steps[i].Hold, max(c.Steps[i].Hold/2, shortest))
	}
}

func hurry(c *run.Schedule) {
	for i := range c.Steps {
		c.Steps[i].After = 0
	}
}

func sameTimes(a, b run.Schedule) bool {
	return a.Warmup == b.Warmup && a.Tail == b.Tail && slices.EqualFunc(a.Steps, b.Steps, func(x, y run.Step) bool {
		return x.Hold == y.Hold && x.After == y.After
	})
}
