package scenarios

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftkv/harness/cluster"
	"raftkv/harness/disk"
	"raftkv/harness/docker"
	"raftkv/harness/driver"
	"raftkv/harness/fault"
	"raftkv/harness/process"
	"raftkv/harness/proof"
)

// diskFault is a fault, and the node that ends by it, if one does.
type diskFault struct {
	fault.Fault
	ends int
}

// TestDiskFaultsBiteAndHeal puts the disks of real nodes under load in each
// trouble, by a FUSE volume of their own, and out of it again: the fault is
// proved both times, the cluster writes again, and nothing acknowledged is lost.
func TestDiskFaultsBiteAndHeal(t *testing.T) {
	for _, name := range []string{process.Name, docker.Name} {
		t.Run(name, func(t *testing.T) {
			if _, err := driver.Choose(t.Context(), name); err != nil {
				t.Skip(err)
			}
			if why := driver.Lacks(name, disk.Fuse); why != "" {
				t.Skip(why)
			}
			biteAll(t, diskCluster(t, name, disk.Fuse), []diskFault{
				{fault.SlowSync(100*time.Millisecond, 1, 2, 3), 0}, {fault.SyncError(1), 1}, {fault.DiskFull(2), 2},
				{fault.TornWrite(3), 3}, {fault.BitFlip(500, 1), 0}, {fault.PowerLoss(1, 2, 3), 0},
			})
		})
	}
}

// TestDiskFaultsAtTheLogStoresBoundary does what every machine can: the nodes
// are built for it, and their data is where it always is.
func TestDiskFaultsAtTheLogStoresBoundary(t *testing.T) {
	for _, name := range []string{process.Name, docker.Name} {
		t.Run(name, func(t *testing.T) {
			if _, err := driver.Choose(t.Context(), name); err != nil {
				t.Skip(err)
			}
			biteAll(t, diskCluster(t, name, disk.Plain, "raftkv_failpoints"), []diskFault{
				{fault.SlowSync(100*time.Millisecond, 1, 2, 3), 0}, {fault.SyncError(1), 1}, {fault.DiskFull(2), 2},
			})
		})
	}
}

// TestDiskFaultsAreSkippedWithTheReason: the shipped program on plain folders
// has neither lever.
func TestDiskFaultsAreSkippedWithTheReason(t *testing.T) {
	c := diskCluster(t, process.Name, disk.Plain)
	for f, why := range map[fault.Fault]string{
		fault.SlowSync(time.Second, 1): "not built with the tag raftkv_failpoints",
		fault.TornWrite(1):             "not on FUSE volumes",
		fault.PowerLoss(1):             "in plain folders",
	} {
		for _, do := range []func(context.Context, cluster.Cluster) (proof.Evidence, error){f.Inject, f.Heal} {
			e, err := do(t.Context(), c)
			require.NoError(t, err)
			require.Equal(t, proof.Skipped, e.Outcome, e.String())
			require.Contains(t, e.Detail, why)
		}
	}
}

// diskCluster is three nodes on such disks.
func diskCluster(t *testing.T, name string, k disk.Kind, tags ...string) cluster.Cluster {
	if testing.Short() {
		t.Skip("needs three processes; left out under -short")
	}
	root, err := driver.RepoRoot()
	require.NoError(t, err)
	b, err := driver.BuildBinaries(t.Context(), root, filepath.Join(root, "bin"), name)
	require.NoError(t, err)
	b.Node = filepath.Join(t.TempDir(), "raftkv")
	b.NodeLinux = b.Node
	require.NoError(t, driver.Build(t.Context(), root, b.Node, "./cmd/raftkv", "linux", tags...))
	spec := cluster.Spec{
		Name: "disks", Nodes: 3, Dir: t.TempDir(), Disks: k,
		Flags: map[string]string{"snapshot-entries": "100", "trailing-entries": "20", "log-level": "warn"},
	}
	b.Fill(&spec, name)
	started, err := driver.Start(t.Context(), spec, name)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, started.Close(context.WithoutCancel(t.Context()))) })
	return started.Cluster
}

// biteAll injects and heals each fault under load, and reads everything that was
// acknowledged back.
func biteAll(t *testing.T, c cluster.Cluster, faults []diskFault) {
	acked := &acknowledged{keys: map[string]string{}}
	loading, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() { load(loading, t, c, acked, fmt.Sprint(w)) })
	}
	defer wg.Wait()
	defer stop()
	for _, f := range faults {
		writesOn(t, c, acked, "before "+f.Name())
		requireInstalled(t, f.Inject, c)
		if f.ends != 0 {
			endedByItself(t, c, f)
		}
		requireInstalled(t, f.Heal, c)
	}
	writesOn(t, c, acked, "in the end")
	stop()
	wg.Wait()
	requireAll(t.Context(), t, c, acked)
	t.Logf("%d acknowledged writes, none lost", len(acked.keys))
}

// endedByItself waits for the node's own end: the first failed write is the last.
func endedByItself(t *testing.T, c cluster.Cluster, f diskFault) {
	t.Helper()
	require.Eventually(t, func() bool {
		s, err := c.State(t.Context(), f.ends)
		return err == nil && s.Phase == cluster.Exited && s.ExitCode == 1
	}, 30*time.Second, 5*time.Millisecond, "%s: node %d goes on", f.Name(), f.ends)
}

func requireInstalled(t *testing.T, do func(context.Context, cluster.Cluster) (proof.Evidence, error), c cluster.Cluster) {
	t.Helper()
	e, err := do(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, proof.Installed, e.Outcome, e.String())
	t.Log(e)
	for _, p := range e.Parts {
		t.Log(p)
	}
}

// writesOn waits for a leader and for a write that was begun under it.
func writesOn(t *testing.T, c cluster.Cluster, acked *acknowledged, when string) {
	t.Helper()
	_, err := cluster.WaitReady(t.Context(), c, 30*time.Second)
	require.NoError(t, err, when)
	before := acked.count()
	require.Eventually(t, func() bool { return acked.count() > before+4 }, time.Minute, 2*time.Millisecond, "%s: no write is acknowledged", when)
}
