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
	root, err := driver.RepoRoot()
	require.NoError(t, err)
	bin, goos := filepath.Join(root, "bin", "suite", driverName), runtime.GOOS
	spec := cluster.Spec{
		Name: "suite", Nodes: 3, Binary: filepath.Join(bin, "fakenode"),
		Env: map[string]string{"FAKE": "yes"}, Dir: filepath.Join(t.TempDir(), "cluster"), Seed: 7,
	}
	if driverName == docker.Name {
		goos, spec.Proxy = "linux", filepath.Join(bin, "toxiproxy-server")
		require.NoError(t, driver.Build(t.Context(), root, spec.Proxy, "github.com/Shopify/toxiproxy/v2/cmd/server", goos))
	}
	require.NoError(t, driver.Build(t.Context(), root, spec.Binary, "./harness/testdata/fakenode", goos))
	return spec
}
