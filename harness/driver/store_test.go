package driver_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"raftkv/harness/cluster"
	"raftkv/harness/docker"
	"raftkv/harness/driver"
	"raftkv/harness/fault"
	"raftkv/harness/link"
	"raftkv/harness/process"
	"raftkv/harness/proof"
)

const leaderWithin = 15 * time.Second

// TestTheStoreUnderEachDriver runs the program as shipped, five nodes, and
// checks that what is done to the leader makes the others choose another.
func TestTheStoreUnderEachDriver(t *testing.T) {
	for _, name := range []string{process.Name, docker.Name} {
		t.Run(name, func(t *testing.T) {
			c := startStore(t, name)
			t.Log(c.Why)
			first, err := cluster.WaitReady(t.Context(), c, leaderWithin)
			require.NoError(t, err)
			t.Logf("leader n%d of term %d after %s", first.Leader, first.Term, first.Took)

			second := deposed(t, c, first, fault.Kill(first.Leader))
			third := deposed(t, c, second, fault.Isolate(link.ModeDrop, second.Leader))
			fourth := deposed(t, c, third, fault.Isolate(link.ModeHold, third.Leader))
			deposed(t, c, fourth, fault.Pause(fourth.Leader))
		})
	}
}

func startStore(t *testing.T, name string) driver.Started {
	t.Helper()
	if _, err := driver.Choose(t.Context(), name); err != nil {
		t.Skip(err)
	}
	root, err := driver.RepoRoot()
	require.NoError(t, err)
	built, err := driver.BuildBinaries(t.Context(), root, filepath.Join(root, "bin"), name)
	require.NoError(t, err)
	spec := cluster.Spec{Name: "store", Dir: t.TempDir()}
	built.Fill(&spec, name)
	c, err := driver.Start(t.Context(), spec, name)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, c.Close(t.Context())) })
	return c
}

// deposed injects the fault, waits for a leader of a later term, heals, and
// waits until a majority agrees.
func deposed(t *testing.T, c cluster.Cluster, old cluster.Ready, f fault.Fault) cluster.Ready {
	t.Helper()
	e, err := f.Inject(t.Context(), c)
	require.NoError(t, err)
	assert.Equal(t, proof.Installed, e.Outcome, e.String())
	now, err := cluster.WaitReadyAfter(t.Context(), c, old.Term, leaderWithin)
	require.NoError(t, err, f.Name())
	assert.NotEqual(t, old.Leader, now.Leader, f.Name())
	t.Logf("%s: n%d leads term %d, %s after the proof", f.Name(), now.Leader, now.Term, now.Took)

	e, err = f.Heal(t.Context(), c)
	require.NoError(t, err)
	assert.Equal(t, proof.Installed, e.Outcome, e.String())
	healed, err := cluster.WaitReady(t.Context(), c, leaderWithin)
	require.NoError(t, err)
	return healed
}
