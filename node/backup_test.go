package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"raftkv/client/api"
	apiv1 "raftkv/client/api/v1"
	"raftkv/node/offline"
)

// backup takes one from node id into a new file.
func (c *cluster) backup(id uint64) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	path := filepath.Join(c.t.TempDir(), "backup")
	_, err := offline.WriteFile(path, func(w io.Writer) error {
		stream, err := apiv1.NewBackupClient(c.conns[id]).Backup(ctx, &apiv1.BackupRequest{})
		for err == nil {
			var chunk *apiv1.BackupChunk
			if chunk, err = stream.Recv(); err == nil {
				_, err = w.Write(chunk.Data)
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		return err
	})
	return path, err
}

func TestBackupOfEveryNodeHoldsWhatWasAcknowledged(t *testing.T) {
	c := newCluster(t, 3, nil)
	c.startAll()
	leader := c.leader()
	for n := 1; n <= 15; n++ {
		require.NoError(t, c.put(leader, fmt.Sprint("k", n), "v"))
		path, err := c.backup(uint64(n%3 + 1)) // at once: a follower may not have applied it yet
		require.NoError(t, err)
		s, err := offline.Verify(path)
		require.NoError(t, err)
		require.Equal(t, n, s.Keys)
		require.Equal(t, []uint64{1, 2, 3}, s.Voters)
	}
}

func TestBackupBecomesANewCluster(t *testing.T) {
	old := newCluster(t, 3, nil)
	old.startAll()
	leader := old.leader()
	big := strings.Repeat("x", 900_000)
	for i := range 5 {
		require.NoError(t, old.put(leader, fmt.Sprint("k", i), big+fmt.Sprint(i)))
	}
	path, err := old.backup(old.follower())
	require.NoError(t, err)
	c := newCluster(t, 1, func(f *Config) { f.Cluster = "new" })
	_, err = offline.Restore(path, offline.NewNode{DataDir: c.config(1).DataDir, Cluster: "new", ID: 1, Members: []uint64{1}})
	require.NoError(t, err)
	c.startAll()
	c.leader()
	for i := range 5 {
		require.Equal(t, big+fmt.Sprint(i), c.get(1, fmt.Sprint("k", i), false))
	}
}

// The client says how long it waits; the node's own bound may be longer.
func TestBackupIsRefusedWithinTheClientsTime(t *testing.T) {
	c := newCluster(t, 3, func(f *Config) { f.RequestTimeout = time.Hour })
	c.startAll()
	alone := c.follower()
	for id := range c.peers {
		if id != alone {
			c.stop(id)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	stream, err := apiv1.NewBackupClient(c.conns[alone]).Backup(ctx, &apiv1.BackupRequest{WaitMs: 300})
	require.NoError(t, err)
	_, err = stream.Recv()
	e, ok := api.FromStatus(err)
	require.True(t, ok, "%v", err)
	require.Equal(t, apiv1.Reason_REASON_NO_QUORUM, e.Reason)
}

func TestBackupWithoutAQuorumIsRefused(t *testing.T) {
	c := newCluster(t, 3, func(f *Config) { f.RequestTimeout = 300 * time.Millisecond })
	c.startAll()
	alone := c.follower()
	for id := range c.peers {
		if id != alone {
			c.stop(id)
		}
	}
	_, err := c.backup(alone)
	e, ok := api.FromStatus(err)
	require.True(t, ok, "%v", err)
	require.Equal(t, apiv1.Reason_REASON_NO_QUORUM, e.Reason)
}

// A reader that takes nothing loses its backup, and with it the view that the
// node holds for it; until then there is no second one.
func TestBackupThatNobodyReadsEnds(t *testing.T) {
	c := newCluster(t, 1, nil)
	c.startAll()
	c.leader()
	require.NoError(t, c.put(1, "a", "1"))
	b := &backups{node: c.nodes[1], stall: 500 * time.Millisecond}
	stream := &stuckStream{ctx: t.Context(), stuck: make(chan struct{}), release: make(chan struct{})}
	ended := make(chan error, 1)
	go func() { ended <- b.Backup(nil, stream) }()
	<-stream.stuck
	e, ok := api.FromStatus(b.Backup(nil, stream))
	require.True(t, ok)
	require.Equal(t, apiv1.Reason_REASON_NOT_NOW, e.Reason)
	require.Equal(t, codes.Aborted, status.Code(<-ended))
	close(stream.release) // as gRPC does when the handler has returned
	require.Eventually(t, func() bool { return !b.busy.Load() }, patience, time.Millisecond)
}

// stuckStream is a backup's stream whose first Send blocks until released.
type stuckStream struct {
	grpc.ServerStream
	ctx            context.Context
	stuck, release chan struct{}
}

func (s *stuckStream) Context() context.Context { return s.ctx }

func (s *stuckStream) Send(*apiv1.BackupChunk) error {
	close(s.stuck)
	<-s.release
	return io.ErrClosedPipe
}
