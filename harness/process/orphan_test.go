package process_test

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"raftkv/harness/cluster"
	"raftkv/harness/internal/suite"
	"raftkv/harness/owner"
	"raftkv/harness/process"
)

// TestNodesDieWithTheHarness starts a cluster from a second copy of this test
// program and kills that program.
func TestNodesDieWithTheHarness(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux kills a process with its parent")
	}
	spec := suite.Spec(t, process.Name)
	child := exec.Command(os.Args[0], "-test.run=^TestHelperWaitsToBeKilled$")
	child.Env = append(os.Environ(), "RAFTKV_TEST_WAIT="+spec.Binary)
	out, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	var it waiting
	require.NoError(t, json.Unmarshal([]byte(line), &it))
	require.Len(t, it.Nodes, 2)
	for _, id := range it.Nodes {
		require.True(t, id.Alive())
	}

	require.DirExists(t, it.Dir)
	require.NoError(t, child.Process.Kill())
	_ = child.Wait()
	for _, id := range it.Nodes {
		assert.Eventually(t, func() bool { return !id.Alive() }, time.Minute, 10*time.Millisecond)
	}
	_, err = process.Sweep()
	require.NoError(t, err)
	require.NoDirExists(t, it.Dir)
}

// waiting is what the second copy tells of its cluster.
type waiting struct {
	Nodes []owner.ID
	Dir   string // what the cluster keeps on disk
}

// TestHelperWaitsToBeKilled is the second copy: it prints what it has started
// and waits.
func TestHelperWaitsToBeKilled(t *testing.T) {
	binary := os.Getenv("RAFTKV_TEST_WAIT")
	if binary == "" {
		t.Skip("for TestNodesDieWithTheHarness only")
	}
	c, err := process.Start(t.Context(), cluster.Spec{Nodes: 2, Binary: binary})
	require.NoError(t, err)
	it := waiting{Dir: filepath.Dir(c.DataDir(1))}
	for _, id := range c.Nodes() {
		s, err := c.State(t.Context(), id)
		require.NoError(t, err)
		pid, err := strconv.Atoi(strings.TrimSuffix(strings.Fields(s.Detail)[1], ":"))
		require.NoError(t, err)
		of, err := owner.Of(pid)
		require.NoError(t, err)
		it.Nodes = append(it.Nodes, of)
	}
	b, err := json.Marshal(it)
	require.NoError(t, err)
	_, err = os.Stdout.Write(append(b, '\n'))
	require.NoError(t, err)
	<-t.Context().Done()
}

// TestSweepKillsWhatADeadHarnessLeft writes run files by hand.
func TestSweepKillsWhatADeadHarnessLeft(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir()) // another test's cluster sweeps when it starts
	self, err := owner.Self()
	require.NoError(t, err)
	dead := self
	dead.Start -= 3_600_000 // the same process id, another process

	left, kept := sleeper(t), sleeper(t)
	stranger := kept
	stranger.Start -= 3_600_000 // a node of long ago whose id was used again
	swept := writeRunFile(t, "run-test-dead.json", runFile{Harness: dead, Processes: map[int]owner.ID{1: left, 2: stranger}})
	live := writeRunFile(t, "run-test-live.json", runFile{Harness: self, Processes: map[int]owner.ID{1: kept}})

	temp, others := filepath.Join(os.TempDir(), "raftkv-cluster-1"), filepath.Join(os.TempDir(), "others")
	require.NoError(t, os.MkdirAll(filepath.Join(temp, "n1"), 0o755))
	require.NoError(t, os.Mkdir(others, 0o755))
	for name, at := range map[string]string{"run-temp.json": "raftkv-cluster-1", "run-odd.json": "others", "run-up.json": "raftkv-cluster-1/../others"} {
		writeRunFile(t, name, runFile{Harness: dead, Temp: at})
	}

	n, err := process.Sweep()
	require.NoError(t, err)
	assert.Equal(t, 1, n)
	assert.NoDirExists(t, temp)
	assert.DirExists(t, others, "only what a run made for itself is removed")
	assert.Eventually(t, func() bool { return !left.Alive() }, time.Minute, 10*time.Millisecond)
	assert.True(t, kept.Alive())
	assert.NoFileExists(t, swept)
	assert.FileExists(t, live)
}

// sleeper starts a process that does nothing.
func sleeper(t *testing.T) owner.ID {
	t.Helper()
	cmd := exec.Command("sleep", "300")
	require.NoError(t, cmd.Start())
	id, err := owner.Of(cmd.Process.Pid)
	require.NoError(t, err)
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return id
}

// runFile is what a harness leaves of itself.
type runFile struct {
	Harness   owner.ID         `json:"harness"`
	Processes map[int]owner.ID `json:"processes"`
	Temp      string           `json:"temp"`
}

func writeRunFile(t *testing.T, name string, f runFile) string {
	t.Helper()
	dir := filepath.Join(os.TempDir(), "raftkv-harness-"+strconv.Itoa(os.Getuid()))
	require.NoError(t, os.MkdirAll(dir, 0o700))
	b, err := json.Marshal(f)
	require.NoError(t, err)
	path := filepath.Join(dir, name)
	require.NoError(t, os.WriteFile(path, b, 0o600))
	t.Cleanup(func() { _ = os.Remove(path) })
	return path
}
