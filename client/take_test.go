package client

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTakeSnapshotAsksTheNodeThatIsNamed(t *testing.T) {
	cluster, c := newBackupClient(t)
	index, err := c.TakeSnapshot(t.Context(), cluster.Addresses()[1])
	require.NoError(t, err)
	require.EqualValues(t, 2, index)
	_, err = c.TakeSnapshot(t.Context(), "elsewhere:1")
	require.ErrorIs(t, err, ErrBadRequest)
}
