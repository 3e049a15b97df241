package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	apiv1 "raftkv/client/api/v1"
	"raftkv/node/peer"
	"raftkv/raft"
)

// smallDisk is a real ext4 file system of its own, in a file on a loop device.
func smallDisk(t *testing.T) string {
	if os.Getuid() != 0 {
		t.Skip("mounting a small file system needs root")
	}
	image, dir := filepath.Join(t.TempDir(), "image"), t.TempDir()
	require.NoError(t, os.WriteFile(image, nil, 0o600))
	require.NoError(t, os.Truncate(image, 48<<20))
	for _, args := range [][]string{{"mkfs.ext4", "-q", "-m", "0", image}, {"mount", "-o", "loop", image, dir}} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Skipf("cannot make a small file system: %s: %v: %s", strings.Join(args, " "), err, out)
		}
	}
	t.Cleanup(func() {
		out, err := exec.Command("umount", dir).CombinedOutput()
		require.NoError(t, err, string(out))
	})
	return dir
}

// fill leaves no room on the file system of dir; the file that takes it can be
// removed again.
func fill(t *testing.T, dir string) (path string) {
	path = filepath.Join(dir, "ballast")
	f, err := os.Create(path)
	require.NoError(t, err)
	defer func() { _ = f.Close() }()
	for size := 1 << 20; size >= 512; {
		if _, err := f.Write(make([]byte, size)); err != nil {
			require.ErrorIs(t, err, syscall.ENOSPC)
			size /= 2
		}
	}
	require.NoError(t, f.Sync())
	return path
}

// led makes a node the leader.
func (c *cluster) led(id uint64) {
	require.Eventually(c.t, func() bool {
		for _, n := range c.nodes {
			n.loop.events.put(func(l *loop) { _ = l.raft.TransferLeader(l.voter(id)) })
		}
		return c.leader() == id
	}, patience, 50*time.Millisecond)
}

// moved is how long it took from a node's end to the next leader among ids.
func (c *cluster) moved(old uint64, ids []uint64) time.Duration {
	<-c.nodes[old].Done()
	start := time.Now()
	require.Eventually(c.t, func() bool {
		for _, id := range ids {
			if c.status(id).Role == "leader" {
				return true
			}
		}
		return false
	}, patience, time.Millisecond)
	return time.Since(start)
}

func TestFullDiskUnderTheLeaderMovesLeadership(t *testing.T) {
	const small = 2
	disk := smallDisk(t)
	c := newCluster(t, 3, func(f *Config) {
		f.ElectionTimeout = noTimeouts
		if f.ID == small {
			f.DataDir = filepath.Join(disk, "data")
		}
	})
	t.Cleanup(c.stopAll) // before the file system is unmounted
	c.startAll()
	c.led(small)
	rest := others(c, small)
	ballast := fill(t, disk)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	kv := c.kv(small)
	go func() {
		for i := 0; ctx.Err() == nil; i++ {
			short, done := context.WithTimeout(ctx, time.Second)
			_, _ = kv.Put(short, &apiv1.PutRequest{Key: fmt.Append(nil, "k", i), Value: make([]byte, 100_000)})
			done()
		}
	}()
	took := c.moved(small, rest)
	cancel()
	t.Logf("leadership moved in %v", took)
	require.Less(t, took, c.nodes[small].config.ElectionTimeout, "by an order, not by a timeout")
	err := c.nodes[small].Err()
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.NotContains(t, err.Error(), "\n")

	c.stop(small)
	require.NoError(t, c.put(c.leader(), "meanwhile", "1"), "clients go on")
	require.NoError(t, os.Remove(ballast))
	c.start(small)
	require.Equal(t, "1", c.get(small, "meanwhile", false), "and it comes back when there is room")
}

// recordingSender notes what a node sends and in the end sends it.
type recordingSender struct {
	*peer.Transport
	sent chan raft.Message
}

func (r recordingSender) Send(ms []raft.Message) {
	for _, m := range ms {
		if m.Type == raft.MsgTimeoutNow {
			r.sent <- m
		}
	}
	r.Transport.Send(ms)
}

// switchable is a log whose disk can be made to fail.
type switchable struct {
	logStore
	fail chan error
}

func (s switchable) Append(es []raft.Entry) error {
	select {
	case err := <-s.fail:
		return err
	default:
		return s.logStore.Append(es)
	}
}

// A leader whose disk gives an error names its successor before it ends.
func TestFailedDiskUnderTheLeaderHandsOver(t *testing.T) {
	c := newCluster(t, 3, func(f *Config) { f.ElectionTimeout = noTimeouts })
	c.start(1, 2)
	f := c.config(3)
	n, ls, err := prepare(f)
	require.NoError(t, err)
	sent, broken := make(chan raft.Message, 16), make(chan error, 1)
	n.loop.transport = recordingSender{n.transport, sent}
	n.disk.store = switchable{n.disk.store, broken}
	n.run(ls)
	c.adopt(n)
	c.led(3)
	term := c.status(3).Term
	broken <- fmt.Errorf("write log.db: %w", syscall.EIO)
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_, _ = c.kv(3).Put(ctx, &apiv1.PutRequest{Key: []byte("a"), Value: []byte("1")})
	took := c.moved(3, []uint64{1, 2})
	t.Logf("leadership moved in %v", took)
	require.True(t, errors.Is(n.Err(), syscall.EIO))
	require.Len(t, sent, 1)
	require.Equal(t, term+1, max(c.status(1).Term, c.status(2).Term), "by an order, not by a timeout")
	require.Less(t, took, f.ElectionTimeout)
}
