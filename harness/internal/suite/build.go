package suite

import (
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"raftkv/harness/cluster"
	"raftkv/harness/docker"
	"raftkv/harness/driver"
)

// Spec builds the stand-in for the store, and Toxiproxy's server for the docker
// driver, and gives the specification of a cluster of three. The programs stay
// in the module's bin folder, where a second build finds them current.
func Spec(t *testing.T, driverName string) cluster.Spec {
	t.Helper()
	spec := build(t, driverName, "fakenode", "./harness/testdata/fakenode")
	spec.Name, spec.Nodes, spec.Env, spec.Seed = "suite", 3, map[string]string{"FAKE": "yes"}, 7
	return spec
}

// TestingSpec builds the store for testing, with every lever that faults pull in
// a node, and gives the specification of a cluster of five.
func TestingSpec(t *testing.T, driverName string) cluster.Spec {
	t.Helper()
	spec := build(t, driverName, "raftkv-testing", "./cmd/raftkv", "raftkv_faults")
	spec.Name, spec.Nodes = "bites", 5
	return spec
}

// build gives a specification with the programs in it.
func build(t *testing.T, driverName, program, pkg string, tags ...string) cluster.Spec {
	t.Helper()
	root, err := driver.RepoRoot()
	require.NoError(t, err)
	bin, goos := filepath.Join(root, "bin", "suite", driverName), runtime.GOOS
	spec := cluster.Spec{Binary: filepath.Join(bin, program), Dir: filepath.Join(t.TempDir(), "cluster")}
	if driverName == docker.Name {
		goos, spec.Proxy = "linux", filepath.Join(bin, "toxiproxy-server")
		require.NoError(t, driver.Build(t.Context(), root, spec.Proxy, "./harness/hold/server", goos))
	}
	require.NoError(t, driver.Build(t.Context(), root, spec.Binary, pkg, goos, tags...))
	return spec
}
