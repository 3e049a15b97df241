package driver_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"raftkv/harness/cluster"
	"raftkv/harness/docker"
	"raftkv/harness/driver"
	"raftkv/harness/process"
)

func noEngine(t *testing.T) { t.Setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock") }

func TestAutoFallsBackToLocalProcessesAndSaysWhy(t *testing.T) {
	noEngine(t)
	t.Setenv(driver.Env, "")
	c, err := driver.Choose(t.Context(), "")
	require.NoError(t, err)
	assert.Equal(t, process.Name, c.Driver)
	assert.Contains(t, c.Why, "no Docker engine answers")
	assert.Contains(t, c.Why, "local processes")
	assert.NotContains(t, c.Why, "\n")
}

func TestDockerThatIsWantedAndAbsentIsAnError(t *testing.T) {
	noEngine(t)
	_, err := driver.Start(t.Context(), cluster.Spec{}, "docker")
	assert.ErrorIs(t, err, cluster.ErrNoDocker)
}

func TestTheEnvironmentNamesTheDriverAndTheArgumentWins(t *testing.T) {
	t.Setenv(driver.Env, "nonsense")
	_, err := driver.Choose(t.Context(), "")
	assert.ErrorIs(t, err, driver.ErrUnknown)
	c, err := driver.Choose(t.Context(), "process")
	require.NoError(t, err)
	assert.Equal(t, process.Name, c.Driver)
}

func TestABinaryThatIsMissingIsNamed(t *testing.T) {
	_, err := driver.Start(t.Context(), cluster.Spec{Binary: "/nonexistent/raftkv"}, "process")
	assert.ErrorIs(t, err, os.ErrNotExist)
	assert.ErrorContains(t, err, "/nonexistent/raftkv")
}

func TestAGivenImageIsTheOneThatIsAskedAndRun(t *testing.T) {
	var spec cluster.Spec
	driver.Binaries{NodeLinux: "built", Image: "local.invalid/nobody/has:this"}.Fill(&spec, docker.Name)
	require.Equal(t, "local.invalid/nobody/has:this", spec.Image)
	noEngine(t)
	_, err := driver.WritesEvents(t.Context(), spec)
	require.ErrorIs(t, err, cluster.ErrNoDocker, "the engine is asked, and no program")
}

func TestRepoRootHasTheModule(t *testing.T) {
	root, err := driver.RepoRoot()
	require.NoError(t, err)
	assert.FileExists(t, filepath.Join(root, "go.mod"))
}

func TestABuildThatFailsShowsTheCompilersWords(t *testing.T) {
	root, err := driver.RepoRoot()
	require.NoError(t, err)
	err = driver.Build(t.Context(), root, filepath.Join(t.TempDir(), "x"), "./nonexistent", "linux")
	assert.ErrorContains(t, err, "nonexistent")
}

func TestAChosenDriverKeepsItsReason(t *testing.T) {
	why := driver.Choice{Driver: process.Name, Why: "no Docker engine answers; local processes instead"}
	started, err := driver.StartChosen(t.Context(), cluster.Spec{Binary: "/nonexistent/raftkv"}, why)
	require.Error(t, err)
	assert.Equal(t, why, started.Choice)
}
