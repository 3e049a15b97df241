package client

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	apiv1 "raftkv/client/api/v1"
	"raftkv/client/clienttest"
)

func TestStaleWithinTellsItsBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster, c := newBackupClient(t)
		_, _, err := c.Get(t.Context(), "k", StaleWithin(1500*time.Microsecond), At(cluster.Addresses()[1]))
		require.NoError(t, err)
		_, err = c.List(t.Context(), "", 0, "", StaleWithin(-time.Second), At(cluster.Addresses()[1]))
		require.NoError(t, err)
		seen := cluster.Node(2).Seen()
		require.EqualValues(t, 1, seen[0].GetGet().GetMaxStalenessMs())
		require.False(t, seen[0].GetGet().GetStale(), "an older node must answer linearizably")
		require.Zero(t, seen[1].GetList().GetMaxStalenessMs())
	})
}

func TestTooStaleANodeIsLeftForAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster, c := newBackupClient(t)
		refuse := func(*apiv1.Request) (clienttest.Action, *apiv1.Response) {
			return clienttest.Answer, clienttest.Refuse(apiv1.Reason_REASON_TOO_STALE)
		}
		cluster.Node(1).SetScript(refuse)
		cluster.Node(2).SetScript(refuse)
		_, _, err := c.Get(t.Context(), "k", StaleWithin(time.Second))
		require.NoError(t, err)
		_, _, err = c.Get(t.Context(), "k", StaleWithin(time.Second), At(cluster.Addresses()[0]))
		require.ErrorIs(t, err, ErrTooStale)
		require.ErrorIs(t, err, ErrNotDone)
	})
}
