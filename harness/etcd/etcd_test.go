package etcd

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"raftkv/harness/driver"
	"raftkv/history/check"
	"raftkv/scenarios"
)

const seed = 1

// node builds the node's program, once a test run.
var node = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "raftkv-etcdnode-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "etcdnode")
	if out, err := exec.Command("go", "build", "-o", path, "./etcdnode").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build etcdnode: %w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := node(); err == nil {
		os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// play runs a scenario on five processes of etcd.
func play(t *testing.T, name string, o scenarios.Options) scenarios.Result {
	t.Helper()
	s, ok := scenarios.ByName(name)
	require.True(t, ok, name)
	path, err := node()
	require.NoError(t, err)
	o.Seed, o.Driver, o.Binaries, o.OutDir = seed, "process", driver.Binaries{Node: path}, t.TempDir()
	r, err := scenarios.Run(t.Context(), s, o)
	require.NoError(t, err)
	t.Logf("%s: recovery %s, longest gap %s, took %s", r.Verdict.Result, r.Recovery, r.Gap, r.Took)
	return r
}

func text(r scenarios.Result) string {
	var b bytes.Buffer
	if err := r.Verdict.WriteText(&b); err != nil {
		return err.Error()
	}
	return b.String()
}

func TestEtcdPasses(t *testing.T) {
	for _, name := range []string{"leader-kill", "leader-in-minority", "one-way-cut-of-leader"} {
		t.Run(name, func(t *testing.T) {
			r := play(t, name, scenarios.Options{Dial: Dial})
			require.Equal(t, check.Pass, r.Verdict.Result, text(r))
		})
	}
}

// What etcd calls serializable reads are answered from memory. A judge that
// does not notice cannot be trusted with etcd's linearizable ones either.
func TestSerializableReadsAreCaught(t *testing.T) {
	r := play(t, "leader-cut-from-peers-not-clients", scenarios.Options{Dial: DialSerializable})
	require.Equal(t, check.Violated, r.Verdict.Result, text(r))
	for _, v := range r.Verdict.Violations {
		if v.Kind == check.StaleRead {
			require.NotEmpty(t, v.Witness)
			t.Log(v.Words)
			return
		}
	}
	t.Fatalf("no stale read among the violations: %s", text(r))
}
