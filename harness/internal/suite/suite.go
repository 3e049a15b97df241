package suite

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"raftkv/harness/cluster"
	"raftkv/harness/proof"
)

// patience bounds what must happen, however busy the machine is.
const patience = 30 * time.Second

// Run tests a running cluster of at least three fakenodes. It leaves the
// cluster healthy and does not close it.
func Run(t *testing.T, c cluster.Cluster) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, cluster.Cluster)
	}{
		{"status and leader", status},
		{"kill and start keep data and addresses", killAndStart},
		{"stop exits with 0", stopAndStart},
		{"pause and resume", pauseAndResume},
		{"a paused node can be killed", killPaused},
		{"a throttled node can be paused and killed", throttled},
		{"a node that loses packets can be killed", lossy},
		{"operations on nodes in the wrong state fail", wrongState},
		{"cuts bite and heal", cuts},
		{"cuts replace each other", replaceCuts},
		{"shapes are measured", shapes},
		{"a dead receiver makes proofs indeterminate", deadReceiver},
		{"what a live connection sees", liveConnection},
		{"faults", faults},
		{"links recover from a lost toxiproxy", recoverLinks},
		{"logs", logs},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, c) })
	}
}

// installed fails the test unless an operation was done and proved.
func installed(t *testing.T) func(proof.Evidence, error) {
	return func(e proof.Evidence, err error) {
		t.Helper()
		require.NoError(t, err)
		require.Equal(t, proof.Installed, e.Outcome, e.String())
		t.Log(e)
	}
}

func status(t *testing.T, c cluster.Cluster) {
	r, err := cluster.WaitReady(t.Context(), c, patience)
	require.NoError(t, err)
	assert.Equal(t, 1, r.Leader)
	for _, id := range c.Nodes() {
		assert.Equal(t, id, said(t, c, id).ID)
	}
	assert.Eventually(t, func() bool { return slices.Equal(cluster.Others(c, 1), cluster.Followers(t.Context(), c)) }, patience, 10*time.Millisecond)
	_, err = c.Status(t.Context(), 99)
	assert.ErrorIs(t, err, cluster.ErrNoNode)
}

func phase(t *testing.T, c cluster.Cluster, id int) cluster.NodeState {
	t.Helper()
	s, err := c.State(t.Context(), id)
	require.NoError(t, err)
	return s
}

// said is what a node says of itself, as soon as it says it.
func said(t *testing.T, c cluster.Cluster, id int) (s cluster.Status) {
	t.Helper()
	require.Eventually(t, func() bool {
		var err error
		s, err = c.Status(t.Context(), id)
		return err == nil
	}, patience, 10*time.Millisecond)
	return s
}

func starts(t *testing.T, c cluster.Cluster, id int) int64 {
	t.Helper()
	return said(t, c, id).Keys
}

func killAndStart(t *testing.T, c cluster.Cluster) {
	before, addr := starts(t, c, 2), c.AdminURL(2)
	installed(t)(c.Kill(t.Context(), 2))
	s := phase(t, c, 2)
	assert.Equal(t, cluster.Exited, s.Phase)
	assert.Equal(t, 137, s.ExitCode)
	_, err := c.Status(t.Context(), 2)
	assert.Error(t, err)

	installed(t)(c.Start(t.Context(), 2))
	assert.Equal(t, cluster.Running, phase(t, c, 2).Phase)
	assert.Equal(t, before+1, starts(t, c, 2), "the data folder is the old one")
	assert.Equal(t, addr, c.AdminURL(2))
}

func stopAndStart(t *testing.T, c cluster.Cluster) {
	installed(t)(c.Stop(t.Context(), 3))
	s := phase(t, c, 3)
	assert.Equal(t, cluster.Exited, s.Phase)
	assert.Equal(t, 0, s.ExitCode)
	installed(t)(c.Start(t.Context(), 3))
}

func pauseAndResume(t *testing.T, c cluster.Cluster) {
	installed(t)(c.Pause(t.Context(), 2))
	assert.Equal(t, cluster.Paused, phase(t, c, 2).Phase)
	_, err := c.Status(t.Context(), 2)
	assert.Error(t, err)
	installed(t)(c.Resume(t.Context(), 2))
	assert.Equal(t, cluster.Running, phase(t, c, 2).Phase)
}

func killPaused(t *testing.T, c cluster.Cluster) {
	installed(t)(c.Pause(t.Context(), 2))
	installed(t)(c.Kill(t.Context(), 2))
	installed(t)(c.Start(t.Context(), 2))
}

func wrongState(t *testing.T, c cluster.Cluster) {
	e, err := c.Start(t.Context(), 1)
	assert.Error(t, err, "it runs already")
	assert.Equal(t, proof.Failed, e.Outcome)
	_, err = c.Kill(t.Context(), 99)
	assert.ErrorIs(t, err, cluster.ErrNoNode)

	installed(t)(c.Kill(t.Context(), 2))
	_, err = c.Kill(t.Context(), 2)
	assert.Error(t, err, "it is dead already")
	_, err = c.Pause(t.Context(), 2)
	assert.Error(t, err)
	installed(t)(c.Start(t.Context(), 2))

	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = c.Links().Peer(1, 2).Drop(gone)
	assert.Error(t, err, "a cancelled context is heeded")
	installed(t)(c.Links().Peer(1, 2).Heal(t.Context()))
}

func logs(t *testing.T, c cluster.Cluster) {
	dir := t.TempDir()
	require.NoError(t, c.SaveLogs(t.Context(), dir))
	for _, name := range []string{"n1.log", "n2.log", "n3.log"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		assert.Contains(t, string(b), "started, start 1, FAKE=yes")
	}
	b, err := os.ReadFile(filepath.Join(dir, "n2.log"))
	require.NoError(t, err)
	assert.Contains(t, string(b), "started, start 2", "all runs of a node are in one log")
}
