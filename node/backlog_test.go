package node

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftkv/client/api"
	apiv1 "raftkv/client/api/v1"
	"raftkv/raft"
)

func TestBacklogCountsWhatIsNotApplied(t *testing.T) {
	var b backlog
	for i := uint64(5); i <= 7; i++ {
		b.add(raft.Entry{Index: i, Data: make([]byte, 100*i)})
	}
	require.Equal(t, 1800+3*entryWeight, b.bytes)
	b.applied(4)
	require.Len(t, b.sizes, 3)
	b.applied(6)
	require.Equal(t, 700+entryWeight, b.bytes)
	b.applied(9)
	require.Zero(t, b.bytes)
	require.Empty(t, b.sizes)
}

// A machine that stands still must not make the leader's queue grow: writes are
// refused at once, and taken again when it has caught up.
func TestWritesAreRefusedWhileTooMuchIsUnapplied(t *testing.T) {
	const limit = 64 << 10
	c := newCluster(t, 1, func(f *Config) { f.MaxUnappliedBytes = limit })
	c.startAll()
	c.leader()
	still := make(chan struct{})
	goOn := sync.OnceFunc(func() { close(still) })
	t.Cleanup(goOn) // before the nodes are stopped
	c.nodes[1].machine.tasks.put(func(*machine) error { <-still; return nil })
	value := string(make([]byte, 8<<10))
	var filling sync.WaitGroup
	for i := range 2 * limit / len(value) {
		filling.Go(func() { c.tryPut(fmt.Sprint("k", i), value) })
	}
	require.Eventually(t, func() bool { return c.status(1).UnappliedBytes >= limit }, patience, time.Millisecond)
	require.Equal(t, apiv1.Reason_REASON_OVERLOADED, c.tryPut("z", "1"))
	goOn()
	require.Eventually(t, func() bool { return c.tryPut("z", "1") == apiv1.Reason_REASON_UNSPECIFIED }, patience, time.Millisecond)
	filling.Wait()
	c.settled(1) // the answers may be ahead of the machine's report
	require.Zero(t, c.status(1).UnappliedBytes)
}

// A follower whose machine stands still takes no more log than its bound and what
// was on its way, while the others go on; then it catches up.
func TestSlowFollowerTakesNoMoreLogThanItsBound(t *testing.T) {
	const limit = 256 << 10
	c := newCluster(t, 3, func(f *Config) { f.MaxUnappliedBytes = limit })
	c.startAll()
	c.led(1)
	slow := c.follower()
	goOn := block(c.nodes[slow].machine)
	t.Cleanup(goOn) // before the nodes are stopped
	value := string(make([]byte, 64<<10))
	holding := func() bool { return c.status(slow).HoldingAppends }
	for i := 0; !holding(); i++ {
		require.Less(t, i, 100, "far more than the bound was written")
		require.NoError(t, c.put(1, fmt.Sprint("k", i), value))
	}
	last := c.status(slow).LastIndex
	for i := range 20 {
		require.NoError(t, c.put(1, fmt.Sprint("more", i), value), "the others go on")
	}
	require.Less(t, c.status(slow).LastIndex, last+20, "it took all of it")
	require.Less(t, c.status(slow).UnappliedBytes, uint64(4*limit))
	require.EqualValues(t, 1, c.metric(slow, "raftkv_holding_appends"))
	goOn()
	c.applied(slow, c.status(1).Commit)
	require.False(t, holding())
}

// tryPut writes on node 1 and gives the reason of a refusal.
func (c *cluster) tryPut(key, value string) apiv1.Reason {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err := c.kv(1).Put(ctx, &apiv1.PutRequest{Key: []byte(key), Value: []byte(value)})
	if err == nil {
		return apiv1.Reason_REASON_UNSPECIFIED
	}
	e, ok := api.FromStatus(err)
	require.True(c.t, ok, "%v", err)
	return e.Reason
}
