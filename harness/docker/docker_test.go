package docker_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"raftkv/harness/cluster"
	"raftkv/harness/docker"
	"raftkv/harness/internal/suite"
)

// needEngine skips the test when no engine answers.
func needEngine(t *testing.T) {
	t.Helper()
	if _, err := docker.Probe(t.Context()); err != nil {
		t.Skip(err)
	}
}

func TestContainers(t *testing.T) {
	needEngine(t)
	spec := suite.Spec(t, docker.Name)
	begun := time.Now()
	c, err := docker.Start(t.Context(), spec)
	require.NoError(t, err)
	t.Logf("up in %s", time.Since(begun))
	t.Cleanup(func() { assertNothingLeft(t, c) })
	suite.Run(t, c)
}

func TestEveryFaultBitesAndHealsOnContainers(t *testing.T) {
	needEngine(t)
	c, err := docker.Start(t.Context(), suite.TestingSpec(t, docker.Name))
	require.NoError(t, err)
	t.Cleanup(func() { assertNothingLeft(t, c) })
	suite.Bites(t, c)
}

func assertNothingLeft(t *testing.T, c *docker.Cluster) {
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	begun := time.Now()
	require.NoError(t, c.Close(ended))
	t.Logf("down in %s", time.Since(begun))
	require.NoError(t, c.Close(ended), "a second close is harmless")
	assert.Empty(t, docker.Left(t, c.Label()))
}

func TestANodeThatFailsToStartIsOneLineAndLeavesNothing(t *testing.T) {
	needEngine(t)
	spec := suite.Spec(t, docker.Name)
	spec.Name, spec.Flags = "fails to start", map[string]string{"fail": "because"}
	_, err := docker.Start(t.Context(), spec)
	require.ErrorContains(t, err, "exited with code 1: fakenode: asked to fail: because")
	assert.Empty(t, docker.Left(t, "raftkv.name=fails to start"))
}

func TestAStartThatIsCancelledLeavesNothing(t *testing.T) {
	needEngine(t)
	spec := suite.Spec(t, docker.Name)
	spec.Name, spec.Flags = "cancelled", map[string]string{"hang": "yes"} // else a quick machine may be done by then
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := docker.Start(ctx, spec)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Empty(t, docker.Left(t, "raftkv.name=cancelled"))
}

// TestADeadRunIsSweptAndALiveOneIsNot starts a cluster from a second copy of
// this test program, kills that program, and sweeps.
func TestADeadRunIsSweptAndALiveOneIsNot(t *testing.T) {
	needEngine(t)
	spec := suite.Spec(t, docker.Name)
	child := exec.Command(os.Args[0], "-test.run=^TestHelperLeavesAClusterBehind$")
	child.Env = append(os.Environ(), "RAFTKV_TEST_LEAVE="+spec.Binary+","+spec.Proxy)
	out, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	buf := make([]byte, 256)
	n, err := out.Read(buf)
	require.NoError(t, err)
	label := strings.TrimSpace(string(buf[:n]))

	_, err = docker.Sweep(t.Context())
	require.NoError(t, err)
	assert.Len(t, docker.Left(t, label), 3+2+1, "its owner is alive: three containers, two networks, one volume")
	require.NoError(t, child.Process.Kill())
	_ = child.Wait()
	_, err = docker.Sweep(t.Context())
	require.NoError(t, err)
	assert.Empty(t, docker.Left(t, label))
}

// TestHelperLeavesAClusterBehind is the second copy: it prints its cluster's
// label and waits to be killed.
func TestHelperLeavesAClusterBehind(t *testing.T) {
	node, proxy, ok := strings.Cut(os.Getenv("RAFTKV_TEST_LEAVE"), ",")
	if !ok {
		t.Skip("for TestADeadRunIsSweptAndALiveOneIsNot only")
	}
	c, err := docker.Start(t.Context(), cluster.Spec{Name: "left", Nodes: 1, Binary: node, Proxy: proxy})
	require.NoError(t, err)
	_, err = os.Stdout.WriteString(c.Label() + "\n")
	require.NoError(t, err)
	<-t.Context().Done()
}

func TestNoEngineIsOneClearLine(t *testing.T) {
	if os.Getenv("RAFTKV_TEST_NO_ENGINE") == "" {
		child := exec.Command(os.Args[0], "-test.run=^TestNoEngineIsOneClearLine$", "-test.v")
		child.Env = append(os.Environ(), "RAFTKV_TEST_NO_ENGINE=1", "DOCKER_HOST=unix:///nonexistent/docker.sock")
		out, err := child.CombinedOutput()
		require.NoError(t, err, string(out))
		return
	}
	begun := time.Now()
	_, err := docker.Probe(t.Context())
	require.ErrorIs(t, err, cluster.ErrNoDocker)
	assert.NotContains(t, err.Error(), "\n")
	assert.Less(t, time.Since(begun), time.Minute, "it must not hang")
	t.Log(err)
}
