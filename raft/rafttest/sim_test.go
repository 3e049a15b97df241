package rafttest

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

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
