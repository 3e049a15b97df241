package scenarios

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftkv/harness/driver"
	"raftkv/harness/process"
	"raftkv/harness/workload"
	"raftkv/history/check"
)

// defaultSeed is what go test runs with when it is told nothing else.
const defaultSeed = 1

var seedFlag = flag.Int64("seed", envSeed(), "the seed of the scenarios' schedules ($RAFTKV_SEED)")

func envSeed() int64 {
	n, err := strconv.ParseInt(os.Getenv("RAFTKV_SEED"), 10, 64)
	if err != nil {
		return defaultSeed
	}
	return n
}

// programs builds what a driver needs, once a test run.
var programs = sync.OnceValues(func() (driver.Binaries, error) {
	choice, err := driver.Choose(context.Background(), "")
	if err != nil {
		return driver.Binaries{}, err
	}
	root, err := driver.RepoRoot()
	if err != nil {
		return driver.Binaries{}, err
	}
	return driver.BuildBinaries(context.Background(), root, filepath.Join(root, "bin"), choice.Driver)
})

// TestScenarios runs the table on a real cluster, one scenario after the other:
// each wants the machine for itself. RAFTKV_DRIVER chooses where.
func TestScenarios(t *testing.T) {
	if testing.Short() {
		t.Skip("runs five real nodes for several minutes")
	}
	b, err := programs()
	require.NoError(t, err)
	root, err := driver.RepoRoot()
	require.NoError(t, err)
	for _, s := range All {
		t.Run(s.Name, func(t *testing.T) {
			r, err := Run(t.Context(), s, Options{
				Seed: *seedFlag, Binaries: b, OutDir: filepath.Join(root, "runs"), Progress: logText(t),
			})
			require.NoError(t, err)
			if r.Skipped != "" {
				t.Skip(r.Skipped)
			}
			t.Logf("%s on %s, seed %d: %s, recovery %s, longest gap %s", r.Verdict.Result, r.Driver, r.Seed, r.Dir, r.Recovery, r.Gap)
			require.Positive(t, r.Events, "what the nodes wrote of themselves is judged too")
			require.Equal(t, check.Pass, r.Verdict.Result, "%s; everything about it is in %s", text(r), r.Dir)
		})
	}
}

// TestEveryWorkloadPassesOnRealNodes: the table's rows are run with the mixed load.
func TestEveryWorkloadPassesOnRealNodes(t *testing.T) {
	if testing.Short() {
		t.Skip("runs five real nodes")
	}
	root, err := driver.RepoRoot()
	require.NoError(t, err)
	b, err := driver.BuildBinaries(t.Context(), root, filepath.Join(root, "bin"), process.Name)
	require.NoError(t, err)
	p, ok := ProfileNamed("gentle")
	require.True(t, ok)
	for _, name := range []string{workload.Counter, workload.List, workload.Lock, workload.FollowerReads, workload.StaleReads} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // the profile takes little of the machine
			r, err := RunProfile(t.Context(), p, time.Second, Options{
				Seed: *seedFlag, Driver: process.Name, Binaries: b, OutDir: t.TempDir(), Progress: logText(t), Workload: name,
			})
			require.NoError(t, err)
			require.Equal(t, check.Pass, r.Verdict.Result, text(r))
		})
	}
}

// TestStaleReadIsCaught runs nodes that answer linearizable reads from memory.
// If nobody notices, a green run of the table means nothing.
func TestStaleReadIsCaught(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs five real nodes")
	}
	root, err := driver.RepoRoot()
	require.NoError(t, err)
	node := filepath.Join(t.TempDir(), "raftkv-stalereads")
	require.NoError(t, driver.BuildNode(t.Context(), root, node, "raftkv_bug_stalereads"))
	r, err := Run(t.Context(), row(t, "leader-cut-from-peers-not-clients"), Options{
		Seed: *seedFlag, Driver: "process", Binaries: driver.Binaries{Node: node}, OutDir: t.TempDir(), Progress: logText(t),
	})
	require.NoError(t, err)
	require.Equal(t, check.Violated, r.Verdict.Result, text(r))
	var stale *check.Violation
	for i, v := range r.Verdict.Violations {
		if v.Kind == check.StaleRead {
			stale = &r.Verdict.Violations[i]
			break
		}
	}
	require.NotNil(t, stale, text(r))
	require.NotEmpty(t, stale.Witness)
	require.Positive(t, kinds(r)[NoQuorum], "the cut leader itself answered: %s", text(r))
	t.Log(stale.Words)
}

func logText(t *testing.T) func(Update) {
	return func(u Update) {
		if u.Text != "" {
			t.Logf("%6.2fs %s: %s", u.Elapsed.Seconds(), u.Phase, u.Text)
		}
	}
}

func text(r Result) string {
	var b bytes.Buffer
	if err := r.Verdict.WriteText(&b); err != nil {
		return err.Error()
	}
	return b.String()
}
