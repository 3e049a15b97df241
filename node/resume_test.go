package node

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// logBuffer takes a node's log from several goroutines.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestSnapshotGoesOnWhereTheLinkBroke(t *testing.T) {
	var log logBuffer
	c, links := newHeldCluster(t, func(f *Config) {
		f.SnapshotEntries, f.TrailingEntries = 5, 1
		if f.ID == remote {
			f.Logger = slog.New(slog.NewTextHandler(&log, nil))
		}
	})
	c.stop(remote)
	leader := c.leader()
	c.forgotten(leader)
	noise := make([]byte, 60<<10)
	for i := range 14 {
		_, _ = rand.Read(noise) // never fails; a snapshot of it does not compress
		require.NoError(t, c.put(leader, fmt.Sprint("k", i), string(noise)))
	}
	c.settled(leader) // a snapshot taken meanwhile would be sent instead
	require.Greater(t, c.status(leader).FirstIndex, uint64(5))
	links.holdAfter(400 << 10) // of at least 600: one chunk arrives, and not all
	c.start(remote)
	require.Eventually(t, func() bool { return links.held() && c.nodes[remote].folder.snapshots.Size() > 100<<10 }, patience, time.Millisecond)
	links.cut()
	links.release()
	c.applied(remote, c.status(leader).Commit)
	require.Contains(t, log.String(), "a snapshot goes on where it broke off")
	require.Equal(t, string(noise), c.get(remote, "k13", true))
}
