package scenarios

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftkv/client"
	"raftkv/harness/cluster"
	"raftkv/harness/driver"
)

var crashRounds = flag.Int("crash-rounds", 12, "how many times TestKillOfAllFiveLosesNothing kills all nodes")

// patience bounds what must happen, however busy the machine is.
const patience = time.Minute

// acknowledged is what the store said it holds.
type acknowledged struct {
	mu   sync.Mutex
	keys map[string]string
}

func (a *acknowledged) add(key, value string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.keys[key] = value
}

// TestKillOfAllFiveLosesNothing kills all five nodes at once, at any moment
// under load, with snapshots and compaction going on all the time, and reads
// every acknowledged write back after the restart.
func TestKillOfAllFiveLosesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("needs five processes; left out under -short")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
	defer cancel()
	c := crashCluster(ctx, t)
	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0)) // any moment will do: nothing is replayed
	acked := &acknowledged{keys: map[string]string{}}
	for round := range *crashRounds {
		_, err := cluster.WaitReady(ctx, c, patience)
		require.NoError(t, err, "round %d", round)
		loadUntilKilled(ctx, t, c, acked, round, time.Duration(r.IntN(600))*time.Millisecond)
		each(t, c, func(id int) error { _, err := c.Start(ctx, id); return err })
	}
	t.Logf("%d rounds, %d acknowledged writes", *crashRounds, len(acked.keys))
	requireAll(ctx, t, c, acked)
}

func crashCluster(ctx context.Context, t *testing.T) cluster.Cluster {
	root, err := driver.RepoRoot()
	require.NoError(t, err)
	bins, err := driver.BuildBinaries(ctx, root, t.TempDir(), "process")
	require.NoError(t, err)
	spec := cluster.Spec{Name: "crash", Dir: t.TempDir(), Flags: map[string]string{
		"snapshot-entries": "40", "trailing-entries": "10", "log-level": "warn"}}
	bins.Fill(&spec, "process")
	started, err := driver.Start(ctx, spec, "process")
	require.NoError(t, err)
	t.Cleanup(func() { _ = started.Close(context.WithoutCancel(ctx)) })
	return started.Cluster
}

func (a *acknowledged) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.keys)
}

// loadUntilKilled writes from several clients, and kills all nodes a time d
// after the first acknowledgement: without one, nothing would be tested.
func loadUntilKilled(ctx context.Context, t *testing.T, c cluster.Cluster, acked *acknowledged, round int, d time.Duration) {
	loading, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() { load(loading, t, c, acked, fmt.Sprintf("%d-%d", round, w)) })
	}
	before := acked.count() // the loads may have begun: then one more is wanted
	require.Eventually(t, func() bool { return acked.count() > before }, patience, time.Millisecond, "round %d: no write is acknowledged", round)
	time.Sleep(d) // the moment of the kill is the point
	each(t, c, func(id int) error { _, err := c.Kill(ctx, id); return err })
	stop()
	wg.Wait()
}

func load(ctx context.Context, t *testing.T, c cluster.Cluster, acked *acknowledged, name string) {
	cl := connect(t, c)
	defer func() { _ = cl.Close() }()
	for n := 0; ctx.Err() == nil; n++ {
		key := fmt.Sprintf("%s-%d", name, n)
		if cl.Put(ctx, key, []byte("v"+key)) == nil {
			acked.add(key, "v"+key)
		}
	}
}

func connect(t *testing.T, c cluster.Cluster) *client.Client {
	var nodes []string
	for _, id := range c.Nodes() {
		nodes = append(nodes, c.ClientAddr(id))
	}
	cl, err := client.New(client.Config{Nodes: nodes, OnlyNodes: true})
	require.NoError(t, err)
	return cl
}

// each does f on all nodes at once.
func each(t *testing.T, c cluster.Cluster, f func(id int) error) {
	t.Helper()
	var wg sync.WaitGroup
	errs := make([]error, len(c.Nodes()))
	for i, id := range c.Nodes() {
		wg.Go(func() { errs[i] = f(id) })
	}
	wg.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
}

func requireAll(ctx context.Context, t *testing.T, c cluster.Cluster, acked *acknowledged) {
	t.Helper()
	_, err := cluster.WaitReady(ctx, c, patience)
	require.NoError(t, err)
	cl := connect(t, c)
	defer func() { _ = cl.Close() }()
	soon, cancel := context.WithTimeout(ctx, 5*patience) // with a deadline a read is tried until then
	defer cancel()
	for key, want := range acked.keys {
		got, found, err := cl.Get(soon, key)
		require.NoError(t, err)
		require.True(t, found, "acknowledged write of %q is lost", key)
		require.Equal(t, want, string(got))
	}
}
