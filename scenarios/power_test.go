package scenarios

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftkv/harness/cluster"
	"raftkv/harness/disk"
	"raftkv/harness/driver"
	"raftkv/harness/fault"
	"raftkv/harness/link"
	"raftkv/harness/process"
	"raftkv/harness/proof"
	"raftkv/history/check"
)

var powerRounds = flag.Int("power-rounds", 4, "how many times TestPowerLossOfThreeLosesNothing takes the power from three of five nodes")

// never is more entries than a test writes.
const never = "1000000"

// TestPowerLossOfThreeLosesNothing takes the power from three of five nodes at
// once, at any moment under load, with snapshots and compaction going on all the
// time, and reads every acknowledged write back in the end. In every second
// round the other two nodes are cut off first, so that the three alone hold the
// last acknowledged writes.
func TestPowerLossOfThreeLosesNothing(t *testing.T) {
	c := powerCluster(t, "", "40")
	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0)) // any moment will do: nothing is replayed
	acked, began := &acknowledged{keys: map[string]string{}}, time.Now()
	for round := range *powerRounds {
		powerRound(t, c, r, acked, round)
	}
	requireAll(t.Context(), t, c, acked)
	t.Logf("power loss of three of five nodes, %d times in %.0f s: %d acknowledged writes, none lost",
		*powerRounds, time.Since(began).Seconds(), len(acked.keys))
}

// TestAcknowledgingBeforeTheSyncIsCaught runs nodes that call a write durable
// when the kernel has it. If nobody notices, the scenario proves nothing.
func TestAcknowledgingBeforeTheSyncIsCaught(t *testing.T) {
	needsDisks(t)
	root, err := driver.RepoRoot()
	require.NoError(t, err)
	node := filepath.Join(t.TempDir(), "raftkv-nofsync")
	require.NoError(t, driver.BuildNode(t.Context(), root, node, "raftkv_bug_nofsync"))
	r, err := Run(t.Context(), row(t, "power-loss"), Options{
		Seed: *seedFlag, Driver: process.Name, Binaries: driver.Binaries{Node: node}, OutDir: t.TempDir(), Progress: logText(t),
		// A snapshot is synced: without its log the node would know what it lost.
		Flags: map[string]string{"snapshot-entries": never},
	})
	require.NoError(t, err)
	require.Equal(t, check.Violated, r.Verdict.Result, text(r))
	// A plain get that finds an older value is told as a stale read.
	require.Positive(t, kinds(r)[check.LostWrite]+kinds(r)[check.StaleRead], text(r))
	t.Log(text(r))
}

// TestAPowerLossShowsWhatWasNotSynced is one round with such nodes, and the
// acknowledged writes are counted that are gone.
func TestAPowerLossShowsWhatWasNotSynced(t *testing.T) {
	c := powerCluster(t, "raftkv_bug_nofsync", never)
	acked := &acknowledged{keys: map[string]string{}}
	powerRound(t, c, rand.New(rand.NewPCG(1, 1)), acked, 1)
	lost := missing(t, c, acked)
	t.Logf("%d of %d acknowledged writes are lost", lost, len(acked.keys))
	require.Positive(t, lost, "nodes that acknowledge before the sync must be caught")
}

// missing counts the acknowledged writes that cannot be read back.
func missing(t *testing.T, c cluster.Cluster, acked *acknowledged) (lost int) {
	_, err := cluster.WaitReady(t.Context(), c, 30*time.Second)
	require.NoError(t, err)
	cl := connect(t, c)
	defer func() { _ = cl.Close() }()
	for key := range acked.keys {
		_, found, err := cl.Get(t.Context(), key)
		require.NoError(t, err)
		if !found {
			lost++
		}
	}
	return lost
}

// needsDisks skips the test, with the reason, where no power can be cut.
func needsDisks(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("needs five processes; left out under -short")
	}
	if why := driver.Lacks(process.Name, disk.Ext4); why != "" {
		t.Skip(why)
	}
}

func powerCluster(t *testing.T, tag, snapshotEntries string) cluster.Cluster {
	needsDisks(t)
	root, err := driver.RepoRoot()
	require.NoError(t, err)
	binary := filepath.Join(t.TempDir(), "raftkv")
	require.NoError(t, driver.BuildNode(t.Context(), root, binary, tag))
	started, err := driver.Start(t.Context(), cluster.Spec{
		Name: "power", Dir: t.TempDir(), Binary: binary, Disks: disk.Ext4,
		Flags: map[string]string{"snapshot-entries": snapshotEntries, "trailing-entries": "10", "log-level": "warn"},
	}, process.Name)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, started.Close(context.WithoutCancel(t.Context()))) })
	return started.Cluster
}

// powerRound takes the power from the leader and two more under load, and gives
// it back.
func powerRound(t *testing.T, c cluster.Cluster, r *rand.Rand, acked *acknowledged, round int) {
	ctx := t.Context()
	ready, err := cluster.WaitReady(ctx, c, 30*time.Second)
	require.NoError(t, err, "round %d", round)
	victims := with(ready.Leader, cluster.Random(r, cluster.Others(c, ready.Leader), 2))
	f := fault.PowerLoss(victims...)
	if round%2 == 1 {
		f = fault.All("power loss", fault.Isolate(link.ModeDrop, cluster.Others(c, victims...)...), fault.Progress(5), f)
	}
	loading, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() { load(loading, t, c, acked, fmt.Sprintf("%d-%d", round, w)) })
	}
	before := acked.count()
	require.Eventually(t, func() bool { return acked.count() > before }, time.Minute, time.Millisecond, "round %d: no write is acknowledged", round)
	time.Sleep(time.Duration(r.IntN(600)) * time.Millisecond) // the moment is the point
	bit, err := f.Inject(ctx, c)
	stop()
	wg.Wait()
	require.NoError(t, err, "round %d", round)
	require.Equal(t, proof.Installed, bit.Outcome, "round %d: %s", round, bit)
	mended, err := f.Heal(ctx, c)
	require.NoError(t, err, "round %d", round)
	require.Equal(t, proof.Installed, mended.Outcome, "round %d: %s", round, mended)
}
