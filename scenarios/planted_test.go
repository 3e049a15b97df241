package scenarios

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftkv/harness/driver"
	"raftkv/harness/run"
	"raftkv/history/check"
)

// planted is a schedule of five faults, at least one of which brings out a node
// that answers from memory: the leader cut off from its peers.
func planted(o Options) run.Schedule {
	p, _ := ProfileNamed("mixed")
	s := p.outline(10*time.Second, o)
	s.Warmup, s.Tail = shortest, shortest
	for i, step := range []run.Step{
		{Round: 1, Kind: "kill", Role: string(Follower), Count: 1},
		{Round: 2, Kind: "isolate", Role: string(Leader), Count: 1, Parameters: map[string]string{"mode": "drop"}, Hold: 2 * time.Second},
		{Round: 2, Kind: "kill", Role: string(Follower), Count: 1},
		{Round: 3, Kind: "latency", Role: string(Everybody), Parameters: map[string]string{"latency": "10ms"}},
		{Round: 4, Kind: "pause", Role: string(Anyone), Count: 1},
	} {
		step.Number, step.Name = i, stepName(step)
		step.Hold = max(step.Hold, shortest)
		s.Steps = append(s.Steps, step)
	}
	return s
}

// TestAPlantedBugIsSavedReplayedAndMadeSmall goes the whole way of a finding: a
// run of five faults finds that reads are stale, its folder repeats it, a search
// leaves a fault or two of the five, and the report of that run names the reads.
func TestAPlantedBugIsSavedReplayedAndMadeSmall(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs five real nodes, about ten times")
	}
	root, err := driver.RepoRoot()
	require.NoError(t, err)
	node := filepath.Join(t.TempDir(), "raftkv-stalereads")
	require.NoError(t, driver.BuildNode(t.Context(), root, node, "raftkv_bug_stalereads"))
	o := Options{Seed: *seedFlag, Driver: "process", Binaries: driver.Binaries{Node: node}, Binary: node, OutDir: t.TempDir(), Progress: logText(t)}

	found, err := Repeat(t.Context(), planted(o), o)
	require.NoError(t, err)
	require.Equal(t, check.Violated, found.Verdict.Result, text(found))
	failure, err := FailureOf(found.Dir)
	require.NoError(t, err)
	require.Contains(t, failure.Kinds, check.StaleRead)

	saved, err := run.ReadSchedule(found.Dir)
	require.NoError(t, err)
	require.Equal(t, node, saved.Binary)
	s := Shrinker{
		Run:   func(ctx context.Context, s run.Schedule) (Result, error) { return Repeat(ctx, s, o) },
		Tries: 3, Failure: Failure{Result: check.Violated, Kinds: []check.Kind{check.StaleRead}},
		Told: func(c Candidate) { t.Logf("%d of %d runs failed: %s (%d faults)", c.Failed, c.Runs, c.What, c.Steps) },
		Drop: func(r Result) { require.NoError(t, os.RemoveAll(r.Dir)) },
	}
	small, r, err := s.Shrink(t.Context(), saved) // its first candidate is the replay
	require.NoError(t, err)
	require.NotEmpty(t, small.Steps)
	require.LessOrEqual(t, len(small.Steps), 3)
	for _, step := range small.Steps {
		require.Equal(t, saved.Steps[step.Number].Targets, step.Targets, "the same nodes, by their numbers")
	}
	require.DirExists(t, r.Dir)
	page, err := os.ReadFile(filepath.Join(r.Dir, run.ReportFile))
	require.NoError(t, err)
	require.Contains(t, string(page), string(check.StaleRead))
	require.Contains(t, string(page), r.Verdict.Violations[0].Witness[0].Key)
	kept, err := run.ReadSchedule(r.Dir)
	require.NoError(t, err)
	require.Equal(t, small.Steps, kept.Planned().Steps)
}
