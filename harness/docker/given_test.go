package docker_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"raftkv/harness/docker"
	"raftkv/harness/internal/suite"
)

// The image's program is run by another user than root, as many are.
func TestAGivenImageIsRun(t *testing.T) {
	needEngine(t)
	spec := suite.TestingSpec(t, docker.Name)
	spec.Nodes, spec.Name, spec.Image, spec.Events = 1, "given", docker.Given(t, "raftkv", spec.Binary), true
	spec.Binary = ""
	writes, err := docker.WritesEvents(t.Context(), spec.Image)
	require.NoError(t, err)
	require.True(t, writes)
	require.Empty(t, docker.Left(t, "raftkv.run=ask"), "who was asked is gone")
	c, err := docker.Start(t.Context(), spec)
	require.NoError(t, err)
	t.Cleanup(func() { assertNothingLeft(t, c) })
	require.Equal(t, spec.Image, docker.ImageOf(t, c, 1))
	dir := t.TempDir()
	require.NoError(t, c.SaveLogs(t.Context(), dir))
	require.FileExists(t, dir+"/n1.events.jsonl")
}

func TestAnImageOfAnotherStoreWritesNoEvents(t *testing.T) {
	needEngine(t)
	writes, err := docker.WritesEvents(t.Context(), docker.Given(t, "fakenode", suite.Spec(t, docker.Name).Binary))
	require.NoError(t, err)
	require.False(t, writes)
}

func TestAnImageThatIsNotThereIsOneLine(t *testing.T) {
	needEngine(t)
	spec := suite.Spec(t, docker.Name)
	spec.Image = "local.invalid/nobody/has:this"
	_, err := docker.WritesEvents(t.Context(), spec.Image)
	require.ErrorIs(t, err, docker.ErrNoImage)
	_, err = docker.Start(t.Context(), spec)
	require.ErrorContains(t, err, "image local.invalid/nobody/has:this: the engine has no such image")
}
