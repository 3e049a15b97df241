package scenarios

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftkv/harness/run"
	"raftkv/history/check"
)

// many is a schedule of so many faults.
func many(n int) run.Schedule {
	s := run.Schedule{Scenario: "brutal", Profile: "brutal", Warmup: warmup, Tail: tail}
	for i := range n {
		s.Steps = append(s.Steps, run.Step{Name: string(rune('a' + i)), Number: i, Round: i/2 + 1, Kind: "kill", Hold: 4 * time.Second, After: time.Second})
	}
	return s
}

// failsWith is a store that fails when all the needed faults are there and the
// first of them lasts long enough; every nth time only.
func failsWith(needed []int, hold time.Duration, every int) func(context.Context, run.Schedule) (Result, error) {
	runs := 0
	return func(_ context.Context, s run.Schedule) (Result, error) {
		runs++
		v := check.Verdict{Result: check.Pass}
		have := map[int]time.Duration{}
		for _, step := range s.Steps {
			have[step.Number] = step.Hold
		}
		all := !slices.ContainsFunc(needed, func(n int) bool { return have[n] == 0 })
		if all && have[needed[0]] >= hold && runs%every == 0 {
			v = check.Verdict{Result: check.Violated, Counts: map[check.Kind]int{check.StaleRead: 1}}
		}
		return Result{Dir: "x", Verdict: v}, nil
	}
}

var stale = Failure{Result: check.Violated, Kinds: []check.Kind{check.StaleRead}}

func numbers(s run.Schedule) (ids []int) {
	for _, step := range s.Steps {
		ids = append(ids, step.Number)
	}
	return ids
}

func TestShrinkKeepsTheFaultsThatAreNeeded(t *testing.T) {
	for _, needed := range [][]int{{0}, {9}, {4}, {2, 7}, {0, 5, 9}} {
		var told []Candidate
		s := Shrinker{Run: failsWith(needed, time.Second, 1), Tries: 1, Failure: stale, Told: func(c Candidate) { told = append(told, c) }}
		small, r, err := s.Shrink(t.Context(), many(10))
		require.NoError(t, err)
		require.Equal(t, needed, numbers(small))
		require.Equal(t, check.Violated, r.Verdict.Result)
		require.Equal(t, time.Second, small.Steps[0].Hold, "as short as it still fails")
		require.Zero(t, small.Steps[0].After)
		require.Equal(t, shortest, small.Warmup)
		require.Less(t, len(told), 40)
		require.Equal(t, len(needed), s.Last.Steps)
	}
}

func TestShrinkRunsACandidateAgainBeforeItGivesUp(t *testing.T) {
	var told []Candidate
	s := Shrinker{Run: failsWith([]int{3}, time.Second, 2), Tries: 3, Failure: stale, Told: func(c Candidate) { told = append(told, c) }}
	small, _, err := s.Shrink(t.Context(), many(6))
	require.NoError(t, err)
	require.Equal(t, []int{3}, numbers(small))
	again := 0
	for _, c := range told {
		require.LessOrEqual(t, c.Runs, 3)
		if c.Failed == 1 && c.Runs > 1 {
			again++
		}
	}
	require.Positive(t, again, "some candidates failed at the second try only")
}

func TestShrinkWantsTheSameFailure(t *testing.T) {
	s := Shrinker{Run: failsWith([]int{3}, time.Second, 1), Tries: 2, Failure: Failure{Result: check.Violated, Kinds: []check.Kind{check.LostWrite}}}
	_, _, err := s.Shrink(t.Context(), many(6))
	require.ErrorIs(t, err, ErrNotRepeated)
}

func TestShrinkKeepsOneFolder(t *testing.T) {
	dropped, runs := 0, 0
	inner := failsWith([]int{3}, time.Second, 1)
	s := Shrinker{Tries: 2, Failure: stale, Drop: func(Result) { dropped++ }, Run: func(ctx context.Context, s run.Schedule) (Result, error) {
		runs++
		return inner(ctx, s)
	}}
	_, _, err := s.Shrink(t.Context(), many(6))
	require.NoError(t, err)
	require.Equal(t, runs-1, dropped)
}

func TestAnInterruptedShrinkGivesWhatItHas(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	inner := failsWith([]int{3}, time.Second, 1)
	runs := 0
	s := Shrinker{Tries: 1, Failure: stale, Run: func(ctx context.Context, s run.Schedule) (Result, error) {
		if runs++; runs == 3 {
			cancel()
		}
		return inner(ctx, s)
	}}
	small, _, err := s.Shrink(ctx, many(8))
	require.NoError(t, err)
	require.Contains(t, numbers(small), 3)
	require.LessOrEqual(t, runs, 4)
}

// A run that is cut short is inconclusive for that alone: it fails as before only in
// name.
func TestARunThatWasCutShortIsNotTheSmallest(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	runs := 0
	var dropped []string
	s := Shrinker{Tries: 1, Failure: Failure{Result: check.Inconclusive}, Run: func(context.Context, run.Schedule) (Result, error) {
		if runs++; runs == 2 {
			cancel()
		}
		return Result{Dir: string(rune('0' + runs)), Verdict: check.Verdict{Result: check.Inconclusive}}, nil
	}, Drop: func(r Result) { dropped = append(dropped, r.Dir) }}
	small, r, err := s.Shrink(ctx, many(4))
	require.NoError(t, err)
	require.Len(t, small.Steps, 4)
	require.Equal(t, "1", r.Dir)
	require.Equal(t, []string{"2"}, dropped)
}

// Where the schedule's disks cannot be had nothing was tried, and it says why.
func TestAShrinkThatCannotRunSaysWhy(t *testing.T) {
	runs := 0
	s := &Shrinker{Tries: 3, Failure: stale, Run: func(context.Context, run.Schedule) (Result, error) {
		runs++
		return Result{Skipped: "no such disks"}, nil
	}}
	_, _, err := s.Shrink(t.Context(), many(3))
	require.ErrorIs(t, err, ErrNotRunHere)
	require.ErrorContains(t, err, "no such disks")
	require.Equal(t, 1, runs)
}
