package rafttest

import (
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

var (
	firstSeed  = flag.Uint64("seed", 1, "the first seed of TestSeeds")
	seedCount  = flag.Uint64("seeds", 200, "how many seeds TestSeeds runs")
	duration   = flag.Duration("duration", 30*time.Second, "virtual time of a run with faults")
	plantName  = flag.String("plant", "", "a bug to plant in TestSeeds, by name")
	faultNames = flag.String("faults", "", "the only faults of TestSeeds, by name, separated by commas")
	traceFile  = flag.String("tracefile", "", "write the whole trace of TestSeeds to this file; give one seed")
)

// TestSeeds is the simulator at work: each seed is another cluster, other
// faults, another schedule.
func TestSeeds(t *testing.T) {
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	out := traceWriter(t)
	results := make([]Result, *seedCount)
	for i := range results {
		g.Go(func() error {
			results[i] = Run(Options{
				Seed: *firstSeed + uint64(i), Duration: *duration, Faults: splitNames(*faultNames),
				Plant: Plant(*plantName), Trace: out,
			})
			return nil
		})
	}
	require.NoError(t, g.Wait())
	total := sum(results)
	t.Logf("%d seeds: %v simulated, %d operations, %d committed entries, %d snapshots installed, %d memberships, %d reads by lease, %d lines of trace",
		len(results), total.Simulated, total.Operations, total.Committed, total.Snapshots, total.Changes, total.ByLease, total.Steps)
	for _, r := range results {
		if r.Failure != nil {
			t.Errorf("%v\n%s\nrepeat with: go test ./raft/rafttest -run TestSeeds -seed %d -seeds 1 -v", r.Failure, r.Failure.Trace, r.Failure.Seed)
			break
		}
	}
	for _, r := range results {
		if r.Failure != nil {
			t.Log(r.Failure)
		}
	}
	assert.NotZero(t, total.Operations)
}

func splitNames(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' })
}

func traceWriter(t *testing.T) io.Writer {
	if *traceFile == "" {
		return nil
	}
	require.Equal(t, uint64(1), *seedCount, "one trace, one seed")
	f, err := os.Create(*traceFile)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	return f
}

func sum(results []Result) (total Result) {
	for _, r := range results {
		total.Simulated += r.Simulated
		total.Operations += r.Operations
		total.Committed += r.Committed
		total.Snapshots += r.Snapshots
		total.Changes += r.Changes
		total.ByLease += r.ByLease
		total.Steps += r.Steps
	}
	return total
}

// Two runs of a seed are the same, to the last line of the trace.
func TestSameSeedSameRun(t *testing.T) {
	t.Parallel()
	for seed := uint64(1); seed <= 5; seed++ {
		a := Run(Options{Seed: seed, Duration: 10 * time.Second})
		b := Run(Options{Seed: seed, Duration: 10 * time.Second})
		assert.Equal(t, a.Hash, b.Hash, "seed %d", seed)
		assert.Equal(t, a.History, b.History, "seed %d", seed)
		assert.NotEqual(t, a.Hash, Run(Options{Seed: seed + 100, Duration: 10 * time.Second}).Hash)
	}
}

// Without faults every operation succeeds and one leader serves all the time.
func TestCalmClusterServesEverything(t *testing.T) {
	t.Parallel()
	for seed := uint64(1); seed <= 3; seed++ {
		r := Run(Options{Seed: seed, Nodes: 5, Calm: true, Duration: 20 * time.Second})
		require.Nil(t, r.Failure, "%v", r.Failure)
		assert.LessOrEqual(t, r.Term, uint64(3), "seed %d: elections although nothing happens", seed)
		assert.Greater(t, r.Operations, 200)
	}
}

// The membership changes under every other fault, and there is work for it.
func TestMembershipChangesUnderFaults(t *testing.T) {
	t.Parallel()
	faults := []string{membershipFault}
	changes := 0
	for seed := uint64(1); seed <= 10; seed++ {
		if seed == 6 {
			faults = append(faults, "crash", "crash leader", "halves", "isolate leader", "transfer")
		}
		r := Run(Options{Seed: seed, Faults: faults})
		require.Nil(t, r.Failure, "%v", r.Failure)
		changes += r.Changes
	}
	assert.Greater(t, changes, 100)
}

// Leases confirm reads while clocks run apart and nodes stand still, restart,
// hand over and lose their leases, and every read is linearizable.
func TestLeaseReadsUnderFaults(t *testing.T) {
	t.Parallel()
	faults := []string{"pause", "pause leader", "drift", "transfer", "campaign", "crash", "crash leader", "leader from peers only", "slow network"}
	for seed := uint64(1); seed <= 20; seed++ {
		r := Run(Options{Seed: seed, Nodes: 3 + 2*int(seed%2), Duration: 15 * time.Second, Faults: faults, Leases: true})
		require.Nil(t, r.Failure, "%v", r.Failure)
		assert.Greater(t, r.ByLease, 10, "seed %d", seed)
	}
}

// Disks are damaged while the membership changes, and the cluster goes on: the
// leader keeps those who recover a minority of whatever it changes to. At some
// of these seeds nobody can be elected in the end if it does not
// (BugConfIgnoresDamage).
func TestDamageUnderAChangingMembership(t *testing.T) {
	t.Parallel()
	changes, recoveries := 0, 0
	for seed := uint64(1); seed <= 30; seed++ {
		r := Run(Options{Seed: seed, Nodes: 3, Duration: 10 * time.Second, Faults: []string{membershipFault, damageFault, "crash leader"}})
		require.Nil(t, r.Failure, "%v", r.Failure)
		changes, recoveries = changes+r.Changes, recoveries+r.Recoveries
	}
	assert.Greater(t, changes, 100)
	assert.Greater(t, recoveries, 20)
}

// BenchmarkSimulator says how much of a five-node cluster's life under faults,
// with all checks and the judgement, one core simulates in a second of its time.
func BenchmarkSimulator(b *testing.B) {
	var simulated time.Duration
	seed, before := uint64(0), processorTime(b)
	for b.Loop() {
		seed++
		r := Run(Options{Seed: seed, Nodes: 5})
		if r.Failure != nil {
			b.Fatal(r.Failure)
		}
		simulated += r.Simulated
	}
	b.ReportMetric(simulated.Seconds()/(processorTime(b)-before).Seconds(), "simulated-s/core-s")
	b.ReportMetric(simulated.Seconds()/b.Elapsed().Seconds(), "simulated-s/s")
	b.ReportMetric(0, "ns/op")
}

// processorTime is what this process has used of all cores, so that a busy
// machine does not count against it.
func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func ExampleRun() {
	r := Run(Options{Seed: 1, Duration: time.Second, Calm: true})
	fmt.Println(r.Failure == nil, r.Operations > 0)
	// Output: true true
}
