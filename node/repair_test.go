package node

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"raftkv/node/kv"
	"raftkv/node/snapshot"
	"raftkv/raft"
	"raftkv/raft/boltstore"
)

// damages are what can happen to a stopped node's files.
var damages = map[string]func(t *testing.T, dir string){
	"a bit of a log entry": func(t *testing.T, dir string) {
		replaceInFile(t, filepath.Join(dir, "log.db"), "value-49", "value-48") // the newest: no snapshot drops it from the log
	},
	"a bit of the snapshot": func(t *testing.T, dir string) {
		files, err := filepath.Glob(filepath.Join(dir, "snapshots", "*.snap"))
		require.NoError(t, err)
		require.NotEmpty(t, files)
		for _, f := range files {
			flip(t, f, -20)
		}
	},
	"the first meta page":     func(t *testing.T, dir string) { flip(t, filepath.Join(dir, "log.db"), 16+20) },
	"the second meta page":    func(t *testing.T, dir string) { flip(t, filepath.Join(dir, "log.db"), os.Getpagesize()+16+40) },
	"both meta pages":         func(t *testing.T, dir string) { overwrite(t, dir, 0, 2) },
	"every page but the meta": func(t *testing.T, dir string) { overwrite(t, dir, 2, 1000) },
	"a log that is cut off":   func(t *testing.T, dir string) { require.NoError(t, os.Truncate(filepath.Join(dir, "log.db"), 9000)) },
	"a log that is gone":      func(t *testing.T, dir string) { require.NoError(t, os.Remove(filepath.Join(dir, "log.db"))) },
	"a state that differs": func(t *testing.T, dir string) {
		require.NoError(t, writeDurably(dir, condemnedFile, "by a test\n"))
	},
	"a crash between the repair's steps": func(t *testing.T, dir string) {
		into := filepath.Join(dir, "damaged-before")
		require.NoError(t, writeDurably(dir, recoveringFile, "by a test\n"))
		require.NoError(t, os.Mkdir(into, 0o700))
		require.NoError(t, os.Rename(filepath.Join(dir, "log.db"), filepath.Join(into, "log.db")))
	},
}

// flip turns a bit of a file; a negative place counts from its end.
func flip(t *testing.T, path string, at int) {
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	b[(at+len(b))%len(b)] ^= 4
	require.NoError(t, os.WriteFile(path, b, 0o600))
}

// overwrite puts zeros in some pages of the log.
func overwrite(t *testing.T, dir string, from, count int) {
	path, page := filepath.Join(dir, "log.db"), os.Getpagesize()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	clear(b[from*page : min(len(b), (from+count)*page)])
	require.NoError(t, os.WriteFile(path, b, 0o600))
}

func TestDamagedNodeIsRepairedFromItsPeers(t *testing.T) {
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, 3, func(f *Config) { f.SnapshotEntries, f.TrailingEntries = 20, 10 })
			c.startAll()
			leader := c.leader()
			for i := range 50 {
				require.NoError(t, c.put(leader, fmt.Sprint("k", i), fmt.Sprintf("value-%d", i)))
			}
			hurt := c.follower()
			c.applied(hurt, c.status(leader).Commit)
			c.settled(hurt)
			dir := c.nodes[hurt].config.DataDir
			c.stop(hurt)
			damage(t, dir)
			require.NoError(t, c.put(c.leader(), "while away", "1"))

			c.start(hurt)
			for i := range 50 {
				require.Equal(t, fmt.Sprintf("value-%d", i), c.get(hurt, fmt.Sprint("k", i), true), "no answer from a state with holes")
			}
			require.Eventually(t, func() bool { return !c.status(hurt).Recovering && !marked(dir, recoveringFile) }, patience, tick)
			require.Equal(t, "1", c.get(hurt, "while away", false))
			assert.True(t, name == "a log that is gone" || anything(t, filepath.Join(dir, "damaged-*", "*")), "what was damaged is kept")

			// It counts again: with another node gone, it is half of the quorum.
			c.stop(c.leader())
			c.leader()
			require.NoError(t, c.put(c.leader(), "after", "2"))
			c.stop(hurt)
			c.start(hurt)
			require.False(t, c.status(hurt).Recovering, "it is over for good")
			require.Equal(t, "2", c.get(hurt, "after", false))
		})
	}
}

func anything(t *testing.T, pattern string) bool {
	files, err := filepath.Glob(pattern)
	require.NoError(t, err)
	return len(files) > 0
}

func TestDamagedNodeKnowsFromItsSnapshotWhetherItIsAlone(t *testing.T) {
	three, one := map[uint64]string{1: "a:1", 2: "b:1", 3: "c:1"}, map[uint64]string{1: "a:1"}
	for name, tc := range map[string]struct {
		flags  Config
		voters []uint64 // of the snapshot, if there is one
		alone  bool
	}{
		"founded alone":          {Config{Peers: one}, nil, true},
		"founded with others":    {Config{Peers: three}, nil, false},
		"joined":                 {Config{Join: true}, nil, false},
		"joined, knows itself":   {Config{Join: true, Peers: one}, nil, false},
		"others have joined":     {Config{Peers: one}, []uint64{1, 2, 3}, false},
		"the others have gone":   {Config{Peers: three}, []uint64{1}, true},
		"it joined and remained": {Config{Join: true}, []uint64{1}, true},
	} {
		c := tc.flags
		c.ID, c.Cluster, c.DataDir = 1, "test", t.TempDir()
		if tc.voters != nil {
			dir, err := snapshot.Open(c.DataDir, c.Cluster)
			require.NoError(t, err)
			meta := raft.SnapshotMeta{Index: 5, Term: 1, Conf: raft.ConfState{Voters: tc.voters}}
			_, err = dir.Create(meta, kv.New(kv.DefaultLimits()).Snapshot().Save)
			require.NoError(t, err)
		}
		assert.Equal(t, tc.alone, alone(&c), name)
	}
}

// Nobody knows what a node promised whose term and vote are lost: it stays out.
func TestDamageThatTookTheVoteIsNotRepaired(t *testing.T) {
	c := newCluster(t, 3, nil)
	c.startAll()
	hurt := c.follower()
	f := c.nodes[hurt].config
	c.stop(hurt)
	overwrite(t, f.DataDir, 0, 2)
	flip(t, filepath.Join(f.DataDir, "hardstate"), 3)
	for range 2 {
		_, err := Start(f)
		require.ErrorIs(t, err, boltstore.ErrCorrupt)
		require.NotContains(t, err.Error(), "\n")
		require.FileExists(t, filepath.Join(f.DataDir, "log.db"))
	}
	require.False(t, anything(t, filepath.Join(f.DataDir, "damaged-*")))
}

// Without the others' answers a repaired node neither leads nor lets another lead.
func TestRecoveringNodeStaysSilentUntilItIsSure(t *testing.T) {
	c := newCluster(t, 3, func(f *Config) { f.ElectionTimeout = 300 * time.Millisecond }) // for what must not happen
	c.startAll()
	require.Eventually(t, func() bool { return c.put(c.leader(), "a", "1") == nil }, patience, tick)
	hurt := c.follower()
	c.applied(hurt, c.status(c.leader()).Commit)
	rest := others(c, hurt)
	dir := c.nodes[hurt].config.DataDir
	c.stopAll()
	overwrite(t, dir, 2, 1000)
	c.start(hurt, rest[0])
	require.Never(t, func() bool {
		return c.status(hurt).Role == "leader" || c.status(rest[0]).Role == "leader" || !c.status(hurt).Recovering
	}, 5*c.nodes[hurt].config.ElectionTimeout, tick, "two of three, but one of them does not know what it promised")
	c.start(rest[1])
	c.leader()
	require.Equal(t, "1", c.get(hurt, "a", false))
	require.Eventually(t, func() bool { return !c.status(hurt).Recovering }, patience, tick)
}
