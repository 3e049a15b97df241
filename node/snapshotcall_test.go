package node

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	apiv1 "raftkv/client/api/v1"
)

// takeSnapshot has node id write one.
func (c *cluster) takeSnapshot(id uint64) uint64 {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	p, err := apiv1.NewAdminClient(c.conns[id]).TakeSnapshot(ctx, &apiv1.TakeSnapshotRequest{})
	require.NoError(c.t, err)
	return p.Index
}

func TestASnapshotIsTakenOnDemandOnTheNodeThatIsAsked(t *testing.T) {
	c := newCluster(t, 3, func(f *Config) { f.TrailingEntries = 1 })
	c.startAll()
	leader := c.leader()
	for n := range 5 {
		require.NoError(t, c.put(leader, fmt.Sprint("k", n), "v"))
	}
	for id := range c.nodes { // the log is kept for who lags
		c.applied(id, c.status(leader).Commit)
	}
	for id := range c.peers {
		require.Eventually(t, func() bool { return id == leader || c.status(leader).Peers[id].Lag == 0 }, patience, tick)
	}
	before, err := c.nodes[leader].Status(t.Context())
	require.NoError(t, err)
	require.Zero(t, before.SnapshotIndex, "none was due")

	index := c.takeSnapshot(leader)
	require.GreaterOrEqual(t, index, before.Applied)
	require.GreaterOrEqual(t, c.status(leader).SnapshotIndex, index)
	require.GreaterOrEqual(t, c.takeSnapshot(leader), index, "again is harmless")
	require.NotZero(t, c.takeSnapshot(c.follower()))
	require.Eventually(t, func() bool { // a follower may have needed the log the first time
		require.NoError(t, c.put(leader, "k", "v"))
		c.takeSnapshot(leader)
		return c.status(leader).FirstIndex > before.FirstIndex
	}, patience, time.Millisecond, "the log is compacted behind it")
}
