package owner_test

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"raftkv/harness/owner"
)

func TestAProcessIsAliveUntilItIsKilled(t *testing.T) {
	cmd := exec.Command("sleep", "60")
	require.NoError(t, cmd.Start())
	id, err := owner.Of(cmd.Process.Pid)
	require.NoError(t, err)
	assert.True(t, id.Here())
	assert.True(t, id.Alive())

	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()
	assert.False(t, id.Alive())
}

func TestAReusedProcessIDIsNotTheSameProcess(t *testing.T) {
	self, err := owner.Self()
	require.NoError(t, err)
	require.True(t, self.Alive())
	self.Start -= 60_000
	assert.False(t, self.Alive())
}

func TestLabelsRoundTrip(t *testing.T) {
	self, err := owner.Self()
	require.NoError(t, err)
	back, ok := owner.FromLabels(self.Labels())
	assert.True(t, ok)
	assert.Equal(t, self, back)

	_, ok = owner.FromLabels(map[string]string{"raftkv.owner.pid": "x"})
	assert.False(t, ok)
	_, ok = owner.FromLabels(map[string]string{"raftkv.owner.pid": "1"})
	assert.False(t, ok)
}
