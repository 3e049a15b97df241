package node

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftkv/node/snapshot"
	"raftkv/raft/boltstore"
)

// flipInPlace turns a bit of every copy of what that a file holds, while the
// node has the file open; of its middle if what is empty.
func flipInPlace(t *testing.T, path, what string) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	require.NoError(t, err)
	defer func() { _ = f.Close() }()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	for _, at := range places(b, what) {
		_, err = f.WriteAt([]byte{b[at] ^ 1}, int64(at))
		require.NoError(t, err)
	}
}

func places(b []byte, what string) (at []int) {
	if what == "" {
		return []int{len(b) / 2}
	}
	for from := 0; ; {
		i := bytes.Index(b[from:], []byte(what))
		if i < 0 {
			return at
		}
		at = append(at, from+i)
		from += i + 1
	}
}

func TestScrubFindsFlippedBitsOnARunningNode(t *testing.T) {
	for name, tc := range map[string]struct {
		file, what string
		want       error
	}{
		"log":      {"log.db", "value-47", boltstore.ErrCorrupt},
		"snapshot": {"snapshots/*.snap", "", snapshot.ErrCorrupt},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, 3, func(f *Config) {
				f.ScrubInterval, f.SnapshotEntries, f.TrailingEntries = 20*time.Millisecond, 20, 10
			})
			c.startAll()
			leader := c.leader()
			for i := range 50 {
				require.NoError(t, c.put(leader, fmt.Sprint("k", i), fmt.Sprintf("value-%d", i)))
			}
			dir := c.nodes[leader].config.DataDir
			c.settled(leader) // nothing is written while bits are turned
			require.True(t, anything(t, filepath.Join(dir, "snapshots", "*.snap")))
			require.False(t, ended(c.nodes[leader]), "nothing is wrong yet")
			files, err := filepath.Glob(filepath.Join(dir, tc.file))
			require.NoError(t, err)
			for _, f := range files {
				flipInPlace(t, f, tc.what)
			}
			require.Eventually(t, func() bool { return ended(c.nodes[leader]) }, patience, tick)
			require.ErrorIs(t, c.nodes[leader].Err(), tc.want)
			require.NotContains(t, c.nodes[leader].Err().Error(), "\n")

			c.stop(leader)
			require.NoError(t, c.put(c.leader(), "after", "1"), "the others go on")
			c.start(leader)
			require.Eventually(t, func() bool { return !c.status(leader).Recovering }, patience, tick)
			require.Equal(t, "value-47", c.get(leader, "k47", false), "and it is repaired from them")
		})
	}
}

func TestNodeThatIsAloneGoesOnInSpiteOfDamage(t *testing.T) {
	c := newCluster(t, 1, func(f *Config) { f.ScrubInterval = 20 * time.Millisecond })
	c.startAll()
	c.leader()
	require.NoError(t, c.put(1, "a", "value-1"))
	flipInPlace(t, filepath.Join(c.nodes[1].config.DataDir, "log.db"), "value-1")
	require.Eventually(t, func() bool { return metricValue(t, c.nodes[1], "raftkv_damage_found_total") == 1 }, patience, tick)
	require.NoError(t, c.put(1, "b", "2"))
	require.Equal(t, "value-1", c.get(1, "a", false), "its memory is whole")
}

// The flags are those of the first start: members come and go.
func TestWhoIsAloneIsWhatTheMembershipSays(t *testing.T) {
	l := newAlone(t, 1, 2)
	l.config.Peers = nil // it joined
	l.damaged(boltstore.ErrCorrupt)
	require.ErrorIs(t, l.err, boltstore.ErrCorrupt)
	l = newAlone(t, 1)
	require.Len(t, l.config.Peers, 3, "the others were removed")
	l.damaged(boltstore.ErrCorrupt)
	require.NoError(t, l.err)
}

func metricValue(t *testing.T, n *Node, name string) float64 {
	families, err := n.metrics.registry.Gather()
	require.NoError(t, err)
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetCounter().GetValue()
		}
	}
	return 0
}
