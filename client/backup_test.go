package client

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	apiv1 "raftkv/client/api/v1"
	"raftkv/client/clienttest"
)

// newBackupClient starts a pretended cluster and a client of it.
func newBackupClient(t *testing.T) (*clienttest.Cluster, *Client) {
	cluster := clienttest.StartInMemory(t, 3)
	return cluster, connect(t, cluster, func(cfg *Config) { cfg.RequestTimeout = 300 * time.Millisecond })
}

func TestBackupIsWhatTheNodeSends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c := newBackupClient(t)
		var b bytes.Buffer
		n, err := c.Backup(t.Context(), &b)
		require.NoError(t, err)
		require.Equal(t, "pretended backup", b.String())
		require.EqualValues(t, b.Len(), n)
	})
}

func TestBackupGoesOnToAnotherNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster, c := newBackupClient(t)
		cluster.Node(1).Stop()
		cluster.Node(2).Silence(true)
		var b bytes.Buffer
		_, err := c.Backup(t.Context(), &b)
		require.NoError(t, err)
		require.Equal(t, "pretended backup", b.String())
		_, err = c.Backup(t.Context(), &b, At(cluster.Addresses()[1]))
		require.ErrorIs(t, err, ErrNotDone, "a node that was named is the only one asked")
		require.ErrorIs(t, err, ErrUnavailable)
		_, err = c.Backup(t.Context(), &b, At("elsewhere:1"))
		require.ErrorIs(t, err, ErrBadRequest)
	})
}

// Where no quorum is, the nodes that run say so when their time for a request is up,
// which says more than those that do not answer at all.
func TestBackupWithoutAQuorumSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster, c := newBackupClient(t)
		cluster.Node(1).Stop()
		cluster.Node(2).RefuseBackup(apiv1.Reason_REASON_NO_QUORUM)
		cluster.Node(3).Silence(true)
		_, err := c.Backup(t.Context(), &bytes.Buffer{})
		require.ErrorIs(t, err, ErrNotDone)
		require.ErrorIs(t, err, ErrNoLeader)
	})
}

// What was written cannot be taken back, so another node's bytes must not follow.
func TestBackupThatBreaksOffIsNotContinuedElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster, c := newBackupClient(t)
		for id := range uint64(3) {
			cluster.Node(id + 1).CutBackup(true)
		}
		var b bytes.Buffer
		n, err := c.Backup(t.Context(), &b)
		require.ErrorIs(t, err, ErrNotDone)
		require.Equal(t, "pretended ", b.String())
		require.EqualValues(t, b.Len(), n)
	})
}

var errFull = errors.New("no room")

// full takes nothing.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestBackupSaysWhatItsWriterSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c := newBackupClient(t)
		_, err := c.Backup(t.Context(), full{})
		require.ErrorIs(t, err, errFull)
		require.NotErrorIs(t, err, ErrUnavailable)
	})
}

func TestBackupEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster, c := newBackupClient(t)
		for id := range uint64(3) {
			cluster.Node(id + 1).Silence(true)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err := c.Backup(ctx, &bytes.Buffer{})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, ErrNotDone)
	})
}
