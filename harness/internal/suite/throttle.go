package suite

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"raftkv/harness/cluster"
)

// throttled makes a node slow and does to it what may happen meanwhile.
func throttled(t *testing.T, c cluster.Cluster) {
	slow, ok := cluster.As[cluster.Throttler](c)
	require.True(t, ok)
	installed(t)(slow.Throttle(t.Context(), 2, 5))
	assert.Equal(t, cluster.Running, phase(t, c, 2).Phase)

	installed(t)(c.Pause(t.Context(), 2))
	for range 100 {
		require.Equal(t, cluster.Paused, phase(t, c, 2).Phase, "the throttle leaves a paused node alone")
	}
	installed(t)(c.Resume(t.Context(), 2))
	installed(t)(c.Kill(t.Context(), 2))
	installed(t)(c.Start(t.Context(), 2))
	assert.Equal(t, cluster.Running, phase(t, c, 2).Phase)
	installed(t)(slow.Unthrottle(t.Context(), 2))
	installed(t)(slow.Unthrottle(t.Context(), 2))
	assert.Equal(t, cluster.Running, phase(t, c, 2).Phase)

	_, err := slow.Throttle(t.Context(), 99, 30)
	assert.ErrorIs(t, err, cluster.ErrNoNode)
	_, err = slow.Throttle(t.Context(), 2, 100)
	assert.Error(t, err)
}
