package process_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"raftkv/harness/cluster"
	"raftkv/harness/internal/suite"
	"raftkv/harness/link"
	"raftkv/harness/process"
)

func TestLocalProcesses(t *testing.T) {
	c, err := process.Start(t.Context(), suite.Spec(t, process.Name))
	require.NoError(t, err)
	t.Cleanup(func() { assertNothingLeft(t, c) })
	suite.Run(t, c)
}

func TestEveryFaultBitesAndHealsOnLocalProcesses(t *testing.T) {
	c, err := process.Start(t.Context(), suite.TestingSpec(t, process.Name))
	require.NoError(t, err)
	t.Cleanup(func() { assertNothingLeft(t, c) })
	suite.Bites(t, c)
}

func TestImagesAreForDocker(t *testing.T) {
	_, err := process.Start(t.Context(), cluster.Spec{Image: "raftkv"})
	require.ErrorIs(t, err, cluster.ErrImage)
}

// assertNothingLeft closes the cluster with a context that has ended and looks
// for listeners and run files.
func assertNothingLeft(t *testing.T, c *process.Cluster) {
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	require.NoError(t, c.Close(ended))
	require.NoError(t, c.Close(ended), "a second close is harmless")
	for _, id := range c.Nodes() {
		s, err := c.State(context.Background(), id)
		require.NoError(t, err)
		assert.Equal(t, cluster.Exited, s.Phase)
		_, err = net.Dial("tcp", c.ClientAddr(id))
		assert.Error(t, err)
		assert.Equal(t, link.Refused, c.Links().Client(id).Probe(context.Background()).Kind)
	}
	left, err := filepath.Glob(filepath.Join(os.TempDir(), "raftkv-harness-"+strconv.Itoa(os.Getuid()), "run-*.json"))
	require.NoError(t, err)
	for _, name := range left {
		b, _ := os.ReadFile(name)
		assert.NotContains(t, string(b), `"pid":`+strconv.Itoa(os.Getpid())+",", "a run file of ours is left")
	}
	_, err = c.Start(context.Background(), 1)
	assert.Error(t, err, "nothing starts in a closed cluster")
}

func TestANodeThatFailsToStartIsOneLineAndLeavesNothing(t *testing.T) {
	spec := suite.Spec(t, process.Name)
	spec.Flags = map[string]string{"fail": "because"}
	_, err := process.Start(t.Context(), spec)
	require.ErrorContains(t, err, "exited with code 1: fakenode: asked to fail: because")
}
