package node

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	apiv1 "raftkv/client/api/v1"
)

// metric is the value of a metric on node id's admin page; -1 if it is not there.
func (c *cluster) metric(id uint64, name string) float64 {
	resp, err := http.Get("http://" + c.nodes[id].config.ListenAdmin + "/metrics")
	require.NoError(c.t, err)
	defer func() { _ = resp.Body.Close() }()
	page, err := io.ReadAll(resp.Body)
	require.NoError(c.t, err)
	for line := range strings.Lines(string(page)) {
		var v float64
		if n, _ := fmt.Sscanf(line, name+" %g", &v); n == 1 {
			return v
		}
	}
	return -1
}

func TestEverythingBoundedHasAMetricAndALimit(t *testing.T) {
	c := newCluster(t, 3, func(f *Config) { f.SnapshotEntries, f.TrailingEntries = 5, 1 })
	c.startAll()
	leader, follower := c.leader(), c.follower()
	for i := range 20 {
		require.NoError(t, c.put(leader, fmt.Sprint("k", i), "v"))
	}
	for _, name := range []string{
		"raftkv_requests_in_flight", "raftkv_uncommitted_bytes", "raftkv_unapplied_bytes", "raftkv_unapplied_entries", "raftkv_sessions", "raftkv_session_bytes",
		fmt.Sprintf(`raftkv_peer_inflight_bytes{peer="%d"}`, follower), fmt.Sprintf(`raftkv_peer_inflight_messages{peer="%d"}`, follower),
	} {
		require.GreaterOrEqual(t, c.metric(leader, name), 0.0, name)
	}
	for _, of := range []string{"requests_in_flight", "uncommitted_bytes", "unapplied_bytes", "peer_inflight_bytes", "peer_inflight_messages", "sessions", "session_bytes"} {
		require.Positive(t, c.metric(leader, fmt.Sprintf(`raftkv_limit{of="%s"}`, of)), of)
	}
	c.settled(leader)
	require.Positive(t, c.status(leader).SnapshotIndex)
	dir := c.nodes[leader].config.DataDir
	info, err := os.Stat(filepath.Join(dir, "log.db"))
	require.NoError(t, err)
	require.EqualValues(t, info.Size(), c.metric(leader, "raftkv_log_file_bytes"))
	require.Positive(t, c.metric(leader, "raftkv_snapshot_folder_bytes"))
}

// A client that does not take its answers must not make the node keep them all.
func TestStreamThatIsNotReadIsNotReadFrom(t *testing.T) {
	c := newCluster(t, 1, func(f *Config) { f.MaxInflightRequests = 1 << 20 })
	c.startAll()
	c.leader()
	require.NoError(t, c.put(1, "k", string(make([]byte, 64<<10))))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stream, err := c.kv(1).Stream(ctx)
	require.NoError(t, err)
	var batch apiv1.StreamRequest
	for i := range uint64(512) {
		batch.Requests = append(batch.Requests, &apiv1.Request{Id: i, Op: &apiv1.Request_Get{Get: &apiv1.GetRequest{Key: []byte("k"), Stale: true}}})
	}
	stuck := make(chan int)
	go func() { // sends until flow control lets it no further
		for n := 0; ; n++ {
			timer := time.AfterFunc(time.Second, func() { stuck <- n })
			if stream.Send(&batch) != nil {
				return
			}
			timer.Stop()
		}
	}()
	sent := <-stuck
	require.Less(t, c.metric(1, `raftkv_requests_total{outcome="done"}`), float64(streamWindow+2*512), "sent %d batches", sent)
}

func TestSnapshotsGoOutNoFasterThanTold(t *testing.T) {
	const rate = 64 << 10
	c := newCluster(t, 3, func(f *Config) { f.SnapshotEntries, f.TrailingEntries, f.SnapshotSendRate = 5, 1, rate })
	c.startAll()
	away := c.follower()
	c.stop(away)
	leader := c.leader()
	c.forgotten(leader)
	noise := make([]byte, 20<<10)
	for i := range 14 {
		_, _ = rand.Read(noise) // never fails; a snapshot of it does not compress
		require.NoError(t, c.put(leader, fmt.Sprint("k", i), string(noise)))
	}
	require.Eventually(t, func() bool { return c.status(leader).FirstIndex > 5 }, patience, time.Millisecond)
	start := time.Now()
	c.start(away)
	c.applied(away, c.status(leader).Commit)
	require.Positive(t, c.status(away).Installed)
	require.Greater(t, time.Since(start), time.Second, "over 80 KiB more than the first quarter of a second's")
}
