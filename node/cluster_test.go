package node

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	apiv1 "raftkv/client/api/v1"
)

// patience bounds every wait for a condition; reaching it fails the test.
const patience = time.Minute

// steady is an election timeout that no starved goroutine and no slow disk of a
// busy machine reaches: whom a test has found to lead, leads until the test ends
// that. Nobody waits for it, see elect.
const steady = 3 * time.Second

// cluster is some nodes of one cluster in this process, on loopback.
type cluster struct {
	t     *testing.T
	peers map[uint64]string
	dirs  string
	edit  func(*Config)
	nodes map[uint64]*Node
	conns map[uint64]*grpc.ClientConn
}

func newCluster(t *testing.T, size int, edit func(*Config)) *cluster {
	c := &cluster{t: t, peers: map[uint64]string{}, dirs: t.TempDir(), edit: edit, nodes: map[uint64]*Node{}, conns: map[uint64]*grpc.ClientConn{}}
	for id := uint64(1); id <= uint64(size); id++ {
		c.peers[id] = freeAddress(t)
	}
	t.Cleanup(c.stopAll)
	return c
}

var nextPort atomic.Int32

// freeAddress is on a loopback address of this process's own, below the ports
// that outgoing connections take, and never handed out twice.
func freeAddress(*testing.T) string {
	host := fmt.Sprintf("127.%d.%d.1", 1+os.Getpid()/250%250, 1+os.Getpid()%250)
	return fmt.Sprintf("%s:%d", host, 20_000+nextPort.Add(1))
}

func (c *cluster) config(id uint64) Config {
	f := Config{
		ID: id, Cluster: "test", DataDir: filepath.Join(c.dirs, fmt.Sprint(id)), Peers: c.peers,
		ListenClient: freeAddress(c.t), ListenPeer: c.peers[id], ListenAdmin: freeAddress(c.t),
		ElectionTimeout: steady, HeartbeatInterval: 50 * time.Millisecond,
		SnapshotEntries: 10_000, SnapshotBytes: 64 << 20, TrailingEntries: 1000,
		MaxKeyBytes: 1024, MaxValueBytes: 1 << 20, MaxInflightRequests: 8192, MaxUncommittedBytes: 64 << 20, MaxUnappliedBytes: 64 << 20,
		RequestTimeout: 20 * time.Second, SessionTTL: time.Hour, Version: "test",
		Logger: testLog(id),
	}
	if c.edit != nil {
		c.edit(&f)
	}
	return f
}

// testLog is silent unless a person asks to see it.
func testLog(id uint64) *slog.Logger {
	out := io.Discard
	if os.Getenv("RAFTKV_TEST_LOG") != "" {
		out = os.Stderr
	}
	return slog.New(slog.NewTextHandler(out, nil)).With("node", id)
}

func (c *cluster) start(ids ...uint64) {
	for _, id := range ids {
		f := c.config(id)
		n, err := Start(f)
		require.NoError(c.t, err)
		c.adopt(n)
	}
}

// adopt takes a running node into the cluster.
func (c *cluster) adopt(n *Node) {
	conn, err := grpc.NewClient(n.config.ListenClient, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(c.t, err)
	c.nodes[n.config.ID], c.conns[n.config.ID] = n, conn
}

func (c *cluster) startAll() {
	for id := range c.peers {
		c.start(id)
	}
}

func (c *cluster) stop(id uint64) {
	_ = c.conns[id].Close()
	c.nodes[id].Stop()
	delete(c.nodes, id)
}

func (c *cluster) stopAll() {
	for id := range c.nodes {
		c.stop(id)
	}
}

func (c *cluster) kv(id uint64) apiv1.KVClient { return apiv1.NewKVClient(c.conns[id]) }

func (c *cluster) status(id uint64) Status {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	s, err := c.nodes[id].Status(ctx)
	require.NoError(c.t, err)
	return s
}

// leader waits until one running node leads and all others follow it.
func (c *cluster) leader() uint64 {
	var leader uint64
	e := election{cluster: c}
	require.Eventually(c.t, func() bool {
		leader = 0
		agreed := 0
		for id := range c.nodes {
			s := c.status(id)
			if s.Role == "leader" {
				leader = id
			}
		}
		for id := range c.nodes {
			if c.status(id).Leader == leader {
				agreed++
			}
		}
		if leader == 0 {
			e.hurry()
		}
		return leader != 0 && agreed == len(c.nodes)
	}, patience, 10*time.Millisecond, "no leader that all follow")
	return leader
}

// election makes nodes campaign before their timeouts would. Who campaigns has
// let go of its old leader and so grants others the pre-vote: the second of two
// wins. Each is given longer than the one before, as its disk may be slow. Who
// has a longer timeout than others is not meant to lead.
type election struct {
	cluster *cluster
	turns   int
	next    time.Time
}

func (e *election) hurry() {
	if time.Now().Before(e.next) {
		return
	}
	ids := slices.Sorted(maps.Keys(e.cluster.nodes))
	timeout := func(id uint64) time.Duration { return e.cluster.nodes[id].config.ElectionTimeout }
	least := timeout(slices.MinFunc(ids, func(a, b uint64) int { return cmp.Compare(timeout(a), timeout(b)) }))
	ids = slices.DeleteFunc(ids, func(id uint64) bool { return timeout(id) > least })
	e.cluster.nodes[ids[e.turns%len(ids)]].campaign()
	e.turns++
	e.next = time.Now().Add(time.Duration(e.turns) * 50 * time.Millisecond)
}

// campaign makes a node stand for election now.
func (n *Node) campaign() { n.loop.events.put(func(l *loop) { l.raft.Campaign() }) }

// settled waits until a node has nothing left to do but what it is asked next:
// all is applied, no snapshot is due or being written, and what the last one made
// superfluous has gone from the disk.
func (c *cluster) settled(id uint64) {
	n := c.nodes[id]
	require.Eventually(c.t, func() bool {
		is := make(chan bool, 1)
		n.loop.events.put(func(l *loop) {
			applied := l.raft.Applied()
			is <- applied == l.raft.Commit() && l.disk.pending == 0 && !l.snapshots.busy && !l.snapshots.due(applied, l.config)
		})
		return <-is && n.disk.compactTo.Load() == 0
	}, patience, tick, "node %d does not come to rest", id)
}

// forgotten waits until a leader keeps no log for followers: those that run have
// it all, and those that were stopped, who lack this write, are not heard any more.
func (c *cluster) forgotten(leader uint64) {
	require.NoError(c.t, c.put(leader, "forgotten", "1"))
	require.Eventually(c.t, func() bool {
		is := make(chan bool, 1)
		c.nodes[leader].loop.events.put(func(l *loop) { is <- l.raft.Needed() > l.raft.LastIndex() })
		return <-is
	}, patience, tick, "node %d keeps log for somebody", leader)
}

// follower is any running node but the leader.
func (c *cluster) follower() uint64 {
	leader := c.leader()
	for id := range c.nodes {
		if id != leader {
			return id
		}
	}
	c.t.Fatal("no follower runs")
	return 0
}

func (c *cluster) put(id uint64, key, value string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err := c.kv(id).Put(ctx, &apiv1.PutRequest{Key: []byte(key), Value: []byte(value)})
	return err
}

func (c *cluster) get(id uint64, key string, stale bool) string {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	p, err := c.kv(id).Get(ctx, &apiv1.GetRequest{Key: []byte(key), Stale: stale})
	require.NoError(c.t, err)
	return string(p.Value)
}

// applied waits until node id has applied at least index.
func (c *cluster) applied(id, index uint64) {
	require.Eventually(c.t, func() bool { return c.status(id).Applied >= index }, patience, 10*time.Millisecond,
		"node %d does not reach index %d", id, index)
}

// restarted takes in a node that the test itself has started again.
func (c *cluster) restarted(id uint64, n *Node) {
	conn, err := grpc.NewClient(n.config.ListenClient, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(c.t, err)
	c.nodes[id], c.conns[id] = n, conn
}
