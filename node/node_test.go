package node

import (
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"raftkv/client/api"
	apiv1 "raftkv/client/api/v1"
)

func TestWriteOnTheLeaderIsReadOnEveryNode(t *testing.T) {
	c := newCluster(t, 3, nil)
	c.startAll()
	require.NoError(t, c.put(c.leader(), "a", "1"))
	for id := range c.nodes {
		require.Equal(t, "1", c.get(id, "a", false), "linearizable read on node %d", id)
	}
}

func TestFollowerNamesTheLeader(t *testing.T) {
	c := newCluster(t, 3, nil)
	c.startAll()
	err := c.put(c.follower(), "a", "1")
	require.Equal(t, codes.FailedPrecondition, status.Code(err))
	e, ok := api.FromStatus(err)
	require.True(t, ok)
	require.Equal(t, apiv1.Reason_REASON_NOT_LEADER, e.Reason)
	require.Equal(t, c.leader(), e.LeaderId)
	require.Equal(t, c.nodes[c.leader()].config.ListenClient, e.LeaderAddress)
}

func TestLeaderFailsAndComesBack(t *testing.T) {
	c := newCluster(t, 3, nil)
	c.startAll()
	old := c.leader()
	require.NoError(t, c.put(old, "a", "1"))
	c.stop(old)
	next := c.leader()
	require.NotEqual(t, old, next)
	require.Equal(t, "1", c.get(next, "a", false))
	require.NoError(t, c.put(next, "a", "2"))
	c.start(old)
	require.Equal(t, "2", c.get(old, "a", false))
}

// A connection that never says a word must not keep a node from ending: gRPC
// waits two minutes for it by default. The bound is far from what is allowed.
func TestSilentConnectionsDoNotHoldUpTheEnd(t *testing.T) {
	c := newCluster(t, 1, nil)
	c.startAll()
	config := c.nodes[1].config
	for _, address := range []string{config.ListenClient, config.ListenPeer} {
		conn, err := net.Dial("tcp", address)
		require.NoError(t, err)
		defer conn.Close()
		// gRPC greets first: it has accepted, and waits for an answer.
		_, err = conn.Read(make([]byte, 1))
		require.NoError(t, err)
	}
	began := time.Now()
	c.stop(1)
	require.Less(t, time.Since(began), time.Minute)
}

func TestEverythingIsThereAfterAllRestart(t *testing.T) {
	c := newCluster(t, 3, nil)
	c.startAll()
	leader := c.leader()
	for i := range 50 {
		require.NoError(t, c.put(leader, fmt.Sprint("k", i), fmt.Sprint(i)))
	}
	c.stopAll()
	c.startAll()
	leader = c.leader()
	for i := range 50 {
		require.Equal(t, fmt.Sprint(i), c.get(leader, fmt.Sprint("k", i), false))
	}
}

func TestLaggingFollowerCatchesUpBySnapshot(t *testing.T) {
	c := newCluster(t, 3, func(f *Config) { f.SnapshotEntries, f.TrailingEntries = 20, 5 })
	c.startAll()
	away := c.follower()
	c.stop(away)
	leader := c.leader()
	c.forgotten(leader)
	for i := range 100 {
		require.NoError(t, c.put(leader, fmt.Sprint("k", i), fmt.Sprint(i)))
	}
	c.settled(leader)
	require.Greater(t, c.status(leader).FirstIndex, uint64(20), "the leader's log must have been compacted")
	c.start(away)
	c.applied(away, c.status(leader).Commit)
	require.Positive(t, c.status(away).Installed, "it caught up without a snapshot")
	require.Equal(t, "99", c.get(away, "k99", true))
	c.stop(away)
	c.start(away)
	c.applied(away, c.status(leader).Commit)
	require.Equal(t, "99", c.get(away, "k99", true))
}

// noTimeouts is an election timeout that no test lives to see: whoever comes to
// lead does so by order.
const noTimeouts = 2 * patience

func TestLeaveHandsLeadershipOver(t *testing.T) {
	c := newCluster(t, 3, func(f *Config) { f.ElectionTimeout = noTimeouts })
	c.startAll()
	old := c.leader()
	term := c.status(old).Term
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c.nodes[old].Leave(ctx)
	require.NoError(t, ctx.Err())
	require.NotEqual(t, "leader", c.status(old).Role)
	// By order, in one term: see noTimeouts. The leaver's vote may be what makes
	// the next leader, so it stays until that leads; stopped any earlier it may
	// take its vote with it, and another term or two be needed.
	next := c.leads()
	require.NotEqual(t, old, next)
	require.Equal(t, term+1, c.status(next).Term)
	c.stop(old)
	require.NoError(t, c.put(next, "a", "1"))
}

func TestRetryInASessionIsAppliedOnce(t *testing.T) {
	c := newCluster(t, 3, nil)
	c.startAll()
	kv := c.kv(c.leader())
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	open, err := kv.OpenSession(ctx, &apiv1.OpenSessionRequest{})
	require.NoError(t, err)
	cas := &apiv1.CompareAndSwapRequest{Key: []byte("a"), ExpectAbsent: true, Value: []byte("1"),
		Retry: &apiv1.Retry{Session: open.Session, Sequence: 1, FirstOpen: 1}}
	for range 2 {
		p, err := kv.CompareAndSwap(ctx, cas)
		require.NoError(t, err)
		require.True(t, p.Swapped, "the retry hears what the first sending did")
	}
	cas.Retry.Sequence = 2
	p, err := kv.CompareAndSwap(ctx, cas)
	require.NoError(t, err)
	require.False(t, p.Swapped)
	require.Equal(t, "1", string(p.Actual))
	cas.Retry.Session++
	_, err = kv.CompareAndSwap(ctx, cas)
	e, ok := api.FromStatus(err)
	require.True(t, ok)
	require.Equal(t, apiv1.Reason_REASON_SESSION_EXPIRED, e.Reason)
}

func TestLimitsAreRefusedWithTheirReason(t *testing.T) {
	c := newCluster(t, 1, func(f *Config) { f.MaxKeyBytes, f.MaxValueBytes = 8, 16 })
	c.startAll()
	c.leader()
	for name, tc := range map[string]struct {
		key, value string
		want       apiv1.Reason
	}{
		"long key":   {"123456789", "v", apiv1.Reason_REASON_TOO_LARGE},
		"long value": {"k", "12345678901234567", apiv1.Reason_REASON_TOO_LARGE},
		"no key":     {"", "v", apiv1.Reason_REASON_BAD_REQUEST},
	} {
		e, ok := api.FromStatus(c.put(1, tc.key, tc.value))
		require.True(t, ok, name)
		require.Equal(t, tc.want, e.Reason, name)
	}
	require.NoError(t, c.put(1, "12345678", "1234567890123456"))
}

func TestReadWithoutAQuorumIsRefused(t *testing.T) {
	c := newCluster(t, 3, func(f *Config) { f.RequestTimeout = 300_000_000 })
	c.startAll()
	leader := c.leader()
	require.Eventually(t, func() bool { return c.put(leader, "a", "1") == nil }, patience, tick)
	for id := range c.peers {
		if id != leader {
			c.stop(id)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err := c.kv(leader).Get(ctx, &apiv1.GetRequest{Key: []byte("a")})
	e, ok := api.FromStatus(err)
	require.True(t, ok, "%v", err)
	require.Equal(t, apiv1.Reason_REASON_NO_QUORUM, e.Reason)
	require.Equal(t, "1", c.get(leader, "a", true), "a stale read needs no quorum")
}
