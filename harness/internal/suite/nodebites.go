package suite

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"raftkv/harness/cluster"
)

// startLine is in a node's log once for each of its starts.
const startLine = "msg=serving"

// nodeBites try the faults of nodes and of the membership.
func nodeBites() []bite {
	return []bite{
		{kind: "kill", targets: 2, seen: are(cluster.Exited), trace: countStarts, after: restarted},
		{kind: "stop", targets: 1, seen: are(cluster.Exited), trace: countStarts, after: restarted},
		{kind: "pause", targets: 1, seen: are(cluster.Paused)},
		{kind: "restart", targets: 2, seen: are(cluster.Running), trace: countStarts, after: restarted},
		{kind: "wipe", targets: 1, seen: are(cluster.Exited), trace: countStarts, after: restarted},
		{kind: "wipe", targets: 1, follower: true, seen: are(cluster.Exited), trace: countStarts, after: restarted},
		{kind: "kill-all", seen: nobodyWrites, trace: countStarts, after: restarted},
		{kind: "rolling-restart", trace: countStarts, after: restarted},
		{kind: "slow-cpu", targets: 1, follower: true, parameters: map[string]string{"percent": "5"}, seen: isSlow},
		{kind: "transfer", targets: 1, follower: true, seen: leads},
		{kind: "snapshot", targets: 5, seen: hasSnapshot, trace: writeOne},
		{kind: "members", targets: 3, seen: areVoters},
		{kind: "members", targets: 5, seen: areVoters},
	}
}

// targetsOf are the fault's nodes; all of them where it names none.
func targetsOf(w *world) []int {
	if len(w.spec.Targets) == 0 {
		return w.spec.Others
	}
	return w.spec.Targets
}

func are(p cluster.Phase) func(*testing.T, *world) {
	return func(t *testing.T, w *world) {
		for _, id := range targetsOf(w) {
			assert.Equal(t, p, phase(t, w, id).Phase)
		}
	}
}

// restarted wants one start more of each in its log than before.
func restarted(t *testing.T, w *world) {
	was, is := w.starts, startsOf(t, w)
	for _, id := range targetsOf(w) {
		assert.Equal(t, was[id]+1, is[id], "starts of n%d", id)
	}
}

// countStarts counts the starts in each node's log.
func countStarts(t *testing.T, w *world) { w.starts = startsOf(t, w) }

func startsOf(t *testing.T, w *world) map[int]int {
	dir, out := t.TempDir(), map[int]int{}
	require.NoError(t, w.SaveLogs(t.Context(), dir))
	for _, id := range w.Nodes() {
		b, err := os.ReadFile(filepath.Join(dir, fmt.Sprintf("n%d.log", id)))
		require.NoError(t, err)
		out[id] = strings.Count(string(b), startLine)
	}
	return out
}

func nobodyWrites(t *testing.T, w *world) {
	are(cluster.Exited)(t, w)
	assert.Error(t, put(t, w, 300*time.Millisecond, w.Nodes()...))
}

// isSlow compares how long the throttled node and another take for the same, at
// best: a machine under load is slow now and then, a throttled node always.
func isSlow(t *testing.T, w *world) {
	slow, quick := time.Hour, time.Hour
	for range 2 {
		slow, quick = min(slow, pages(t, w, w.at(0)[0])), min(quick, pages(t, w, w.at(1)[0]))
	}
	t.Logf("200 pages: throttled %s, the next node %s", slow, quick)
	assert.Greater(t, slow, 2*quick, "of a twentieth of the time it feels")
}

// pages is how long a node takes for 200 pages, four at a time.
func pages(t *testing.T, w *world, id int) time.Duration {
	begun := time.Now()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 50 {
				_, _ = w.Status(t.Context(), id) // no answer within a second is slow too
			}
		})
	}
	wg.Wait()
	return time.Since(begun)
}

func leads(t *testing.T, w *world) {
	r, err := cluster.WaitReady(t.Context(), w, within)
	require.NoError(t, err)
	assert.Equal(t, w.at(0)[0], r.Leader)
}

// writeOne gives the nodes something to take a snapshot of, and waits until all
// have it.
func writeOne(t *testing.T, w *world) {
	require.NoError(t, put(t, w, within, w.Nodes()...))
	leader, err := w.Status(t.Context(), w.spec.Leader)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		for _, s := range cluster.Statuses(t.Context(), w) {
			if s.Applied < leader.Commit {
				return false
			}
		}
		return true
	}, within, 20*time.Millisecond)
}

func hasSnapshot(t *testing.T, w *world) {
	for _, id := range targetsOf(w) {
		s, err := w.Status(t.Context(), id)
		require.NoError(t, err)
		assert.Greater(t, s.SnapshotIndex, w.before[id].SnapshotIndex)
	}
}

func areVoters(t *testing.T, w *world) {
	assert.ElementsMatch(t, w.spec.Targets, cluster.Voters(t.Context(), w))
}
