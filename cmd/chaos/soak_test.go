package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftkv/harness/run"
	"raftkv/history/check"
	"raftkv/scenarios"
)

// soaking is a soak whose seeds come to the given results, each in a folder of
// its own, and which is stopped during the last of them.
func soaking(t *testing.T, out *bytes.Buffer, results ...check.Result) (*soak, context.Context, func(seed int) string) {
	root := t.TempDir()
	dir := func(seed int) string { return filepath.Join(root, string(rune('a'+seed))) }
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	i := 0
	j := job{name: "standard", run: func(context.Context, scenarios.Options) (scenarios.Result, error) {
		r := scenarios.Result{Seed: int64(i), Dir: dir(i), Recovery: time.Duration(i) * time.Second, Verdict: check.Verdict{Result: results[i], Summary: "because."}}
		require.NoError(t, os.Mkdir(r.Dir, 0o755))
		if i++; i == len(results) {
			stop()
		}
		return r, nil
	}}
	return &soak{terminal: &terminal{out: out, result: check.Pass}, job: j}, ctx, dir
}

func TestASoakKeepsOnlyWhatDidNotPass(t *testing.T) {
	var out bytes.Buffer
	s, ctx, dir := soaking(t, &out, check.Pass, check.Inconclusive, check.Pass, check.Inconclusive)
	require.NoError(t, s.all(ctx))
	require.NoDirExists(t, dir(0))
	require.DirExists(t, dir(1))
	require.NoDirExists(t, dir(2))
	require.NoDirExists(t, dir(3), "it was cut short by the stop, and proves nothing")
	require.Equal(t, check.Inconclusive, s.result)
	require.Contains(t, out.String(), "INCONCLUSIVE  standard seed 1: ")
	require.Contains(t, out.String(), "INCONCLUSIVE: 3 runs of standard")
	require.Contains(t, out.String(), "2 passed, 0 violations, 1 inconclusive, 0 harness errors; slowest recovery 2s (seed 2)")
	require.Contains(t, out.String(), "chaos replay "+dir(1))
}

func TestAViolationCountsThoughTheSoakIsStopped(t *testing.T) {
	var out bytes.Buffer
	s, ctx, dir := soaking(t, &out, check.Violated)
	require.NoError(t, s.all(ctx))
	require.Equal(t, check.Violated, s.result)
	require.DirExists(t, dir(0))
}

func TestASoakStopsWhenTheHarnessIsBroken(t *testing.T) {
	var out bytes.Buffer
	bad := check.HarnessError
	s, ctx, _ := soaking(t, &out, bad, bad, check.Pass, bad, bad, bad, check.Pass, check.Pass)
	require.NoError(t, s.all(ctx))
	require.Equal(t, 6, s.runs)
	require.Contains(t, out.String(), "stopped: 3 harness errors one after the other")
}

func TestASoakWithoutARunIsNoPass(t *testing.T) {
	var out bytes.Buffer
	s, ctx, _ := soaking(t, &out, check.Pass)
	require.NoError(t, s.all(ctx))
	require.Equal(t, check.Inconclusive, s.result)
}

func TestASoakEndsWhenItsTimeIsUp(t *testing.T) {
	var out bytes.Buffer
	s, ctx, _ := soaking(t, &out, check.Pass, check.Pass)
	s.until = time.Nanosecond
	s.began = time.Now()
	require.NoError(t, s.all(ctx))
	require.LessOrEqual(t, s.runs, 1)
}

func TestAShrinkTellsEachCandidateAndTheCommand(t *testing.T) {
	var out bytes.Buffer
	term := &terminal{out: &out, result: check.Pass}
	failure := scenarios.Failure{Result: check.Violated}
	try := func(_ context.Context, s run.Schedule) (scenarios.Result, error) {
		v := check.Verdict{Result: check.Pass}
		if len(s.Steps) == 2 {
			v.Result = check.Violated
		}
		return scenarios.Result{Dir: t.TempDir(), Driver: "process", Verdict: v}, nil
	}
	s := run.Schedule{Scenario: "standard", Steps: []run.Step{{Name: "kill the leader"}, {Name: "pause a follower"}}}
	require.NoError(t, shrink(t.Context(), term, s, newShrinker(term, failure, 2, try)))
	require.Equal(t, check.Violated, term.result)
	require.Contains(t, out.String(), "failed 1 of 1: 2 faults, as it was (kept)")
	require.Contains(t, out.String(), `failed 0 of 2: 1 faults, without "kill the leader" (needed)`)
	require.Contains(t, out.String(), "smallest: 2 of 2 faults")
	require.Regexp(t, `bin/chaos replay .* --driver process`, out.String())
}

func TestWhatDoesNotFailAgainCannotBeShrunk(t *testing.T) {
	var out bytes.Buffer
	term := &terminal{out: &out, result: check.Pass}
	try := func(context.Context, run.Schedule) (scenarios.Result, error) {
		return scenarios.Result{Verdict: check.Verdict{Result: check.Pass}}, nil
	}
	s := run.Schedule{Steps: []run.Step{{Name: "kill the leader"}}}
	require.NoError(t, shrink(t.Context(), term, s, newShrinker(term, scenarios.Failure{Result: check.Violated}, 2, try)))
	require.Equal(t, check.Inconclusive, term.result)
	require.Contains(t, out.String(), "it did not fail again")
}
