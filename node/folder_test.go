package node

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"raftkv/node/snapshot"
	"raftkv/raft"
	"raftkv/raft/boltstore"
)

// filled is a stopped node's config and folder with a few writes in it.
func filled(t *testing.T, edit func(*Config)) (*cluster, Config) {
	c := newCluster(t, 1, edit)
	c.startAll()
	c.leader()
	for _, k := range []string{"a", "b", "c", "d", "e", "f"} {
		require.NoError(t, c.put(1, k, k))
	}
	c.settled(1)
	f := c.nodes[1].config
	c.stop(1)
	return c, f
}

// fingerprint is the folder's files and their hashes, to show that a refusal
// changed nothing.
func fingerprint(t *testing.T, dir string) map[string]string {
	out := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		out[path] = fmt.Sprintf("%x", sha256.Sum256(b))
		return err
	}))
	return out
}

func TestForeignFolderIsRefusedAndLeftAlone(t *testing.T) {
	for name, tc := range map[string]struct {
		edit func(*Config)
		want error
	}{
		"another node's":    {func(f *Config) { f.ID = 2; f.Peers = map[uint64]string{2: f.ListenPeer} }, boltstore.ErrWrongNode},
		"another cluster's": {func(f *Config) { f.Cluster = "other" }, boltstore.ErrWrongCluster},
	} {
		t.Run(name, func(t *testing.T) {
			_, f := filled(t, nil)
			before := fingerprint(t, f.DataDir)
			tc.edit(&f)
			_, err := Start(f)
			require.ErrorIs(t, err, tc.want)
			require.NotContains(t, err.Error(), "\n")
			require.Equal(t, before, fingerprint(t, f.DataDir))
		})
	}
}

func TestSecondProcessOnAFolderIsRefused(t *testing.T) {
	c := newCluster(t, 1, nil)
	c.startAll()
	f := c.nodes[1].config
	f.ListenClient, f.ListenPeer, f.ListenAdmin = freeAddress(t), freeAddress(t), freeAddress(t)
	_, err := Start(f)
	require.ErrorIs(t, err, boltstore.ErrLocked)
	c.leader()
	require.NoError(t, c.put(1, "still", "serving"))
}

// The refusal changes nothing: with the bit put right the node starts again.
func TestFlippedBitInTheLogIsCorruptionNotAbsence(t *testing.T) {
	c, f := filled(t, nil)
	path := filepath.Join(f.DataDir, "log.db")
	replaceInFile(t, path, "f\x1a\x01f", "f\x1a\x01g") // the last put's key and value
	for range 2 {
		_, err := Start(f)
		require.ErrorIs(t, err, boltstore.ErrCorrupt)
		require.NotContains(t, err.Error(), "\n")
	}
	replaceInFile(t, path, "f\x1a\x01g", "f\x1a\x01f")
	c.start(1)
	c.leader()
	require.Equal(t, "f", c.get(1, "f", false))
}

// replaceInFile changes every copy of a page that a file may hold.
func replaceInFile(t *testing.T, path, old, new string) {
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(b), old)
	require.NoError(t, os.WriteFile(path, bytes.ReplaceAll(b, []byte(old), []byte(new)), 0o600))
}

func TestFlippedBitInTheSnapshotIsCorruptionNotAbsence(t *testing.T) {
	_, f := filled(t, func(f *Config) { f.SnapshotEntries, f.TrailingEntries = 3, 1 })
	files, err := filepath.Glob(filepath.Join(f.DataDir, "snapshots", "*.snap"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, path := range files {
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		b[len(b)/2] ^= 1
		require.NoError(t, os.WriteFile(path, b, 0o600))
	}
	_, err = Start(f)
	require.ErrorIs(t, err, snapshot.ErrCorrupt)
}

func TestBadSettingsAreOneLine(t *testing.T) {
	_, good := filled(t, nil)
	for name, edit := range map[string]func(*Config){
		"id":        func(f *Config) { f.ID = 0 },
		"peers":     func(f *Config) { f.Peers = map[uint64]string{2: "x:1"} },
		"no port":   func(f *Config) { f.Peers = map[uint64]string{1: "127.0.0.1"} },
		"no host":   func(f *Config) { f.Peers = map[uint64]string{1: ":1"} },
		"one twice": func(f *Config) { f.Peers = map[uint64]string{1: "x:1", 2: "x:1"} },
		"heartbeat": func(f *Config) { f.HeartbeatInterval = f.ElectionTimeout },
		"value":     func(f *Config) { f.MaxValueBytes = 1 << 30 },
		"snapshot":  func(f *Config) { f.SnapshotEntries = 0 },
	} {
		f := good
		edit(&f)
		_, err := Start(f)
		require.ErrorIs(t, err, ErrConfig, name)
		require.NotContains(t, err.Error(), "\n", name)
	}
}

func TestTakenPortIsNamed(t *testing.T) {
	c := newCluster(t, 1, nil)
	c.startAll()
	f := c.config(1)
	f.ListenAdmin = c.nodes[1].config.ListenAdmin
	f.ListenPeer = freeAddress(t)
	_, err := Start(f)
	require.ErrorIs(t, err, ErrListen)
	require.Contains(t, err.Error(), "--listen-admin")
}

// failing is a log whose disk is gone.
type failing struct {
	logStore
	err error
}

func (f failing) Append([]raft.Entry) error { return f.err }

// The first failed write ends the node, and nothing is acknowledged by it.
func TestFailedWriteEndsTheNode(t *testing.T) {
	_, f := filled(t, nil)
	n, ls, err := prepare(f)
	require.NoError(t, err)
	gone := errors.New("the disk is gone")
	n.disk.store = failing{n.disk.store, gone}
	n.run(ls)
	n.campaign()
	<-n.Done()
	require.ErrorIs(t, n.Err(), gone, "the no-op of the new term cannot be written")
	n.Stop()
	require.Less(t, n.loop.raft.Commit(), n.loop.raft.LastIndex(), "an entry that is on no disk must not commit")
}
