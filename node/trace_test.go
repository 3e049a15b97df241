package node

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A cluster that elects twice, snapshots and installs writes every kind of event
// but a truncation, in an order that says what came first.
func TestANodeWritesWhatItDoes(t *testing.T) {
	dir := t.TempDir()
	file := func(id uint64) string { return filepath.Join(dir, fmt.Sprint(id)) }
	c := newCluster(t, 3, func(f *Config) {
		f.Events = file(f.ID)
		f.SnapshotEntries, f.TrailingEntries = 10, 1
	})
	c.startAll()
	away := c.follower()
	c.stop(away)
	leader := c.leader()
	c.forgotten(leader)
	for i := range 40 {
		require.NoError(t, c.put(leader, "k", fmt.Sprint(i)))
	}
	require.Eventually(t, func() bool { return c.status(leader).FirstIndex > 20 }, patience, 10*time.Millisecond)
	c.start(away)
	require.Equal(t, "39", c.get(away, "k", false))
	c.stopAll()
	for id := range c.peers {
		data, err := os.ReadFile(file(id))
		require.NoError(t, err)
		text := string(data)
		want := []string{"start", "conf", "hard", "vote", "role", "append", "durable", "commit", "apply", "snapshot"}
		if id == away {
			want = []string{"start", "hard", "role", "append", "durable", "commit", "apply", "install", "restored"}
			require.Equal(t, 2, strings.Count(text, `{"e":"start"`))
			require.Less(t, strings.Index(text, `{"e":"install"`), strings.Index(text, `{"e":"restored"`))
		}
		for _, kind := range want {
			require.Contains(t, text, fmt.Sprintf(`{"e":%q`, kind), "node %d", id)
		}
		require.Less(t, strings.Index(text, `{"e":"commit"`), strings.Index(text, `{"e":"apply"`))
	}
}

func TestAnEventsFileThatCannotBeHadIsSaidAtOnce(t *testing.T) {
	c := newCluster(t, 1, func(f *Config) { f.Events = filepath.Join(f.DataDir, "no", "such") })
	_, err := Start(c.config(1))
	require.ErrorContains(t, err, "--events")
}
