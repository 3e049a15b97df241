package suite

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"raftkv/harness/cluster"
)

// testingBites try the faults that are pulled inside a node built for testing.
func testingBites() []bite {
	return []bite{
		{kind: "clock-jump", targets: 1, parameters: map[string]string{"jump": "1h0m0s"}, trace: readClocks, seen: isAhead},
		{kind: "clock-rate", targets: 1, parameters: map[string]string{"percent": "300"}, seen: drifts(time.Second)},
		{kind: "clock-rate", targets: 1, parameters: map[string]string{"percent": "30"}, seen: drifts(-time.Second)},
		{kind: "loss", targets: 1, parameters: map[string]string{"percent": "30"}, seen: writeMany, after: agree},
		{kind: "duplication", targets: 1, parameters: map[string]string{"percent": "60"}, seen: writeMany, after: agree},
		{kind: "reordering", targets: 3, parameters: map[string]string{"percent": "30"}, seen: writeMany, after: agree},
	}
}

// clockOf asks a node what its clock shows.
func clockOf(t *testing.T, w *world, id int) time.Time {
	resp, err := http.Get(w.AdminURL(id) + "/test/clock")
	require.NoError(t, err)
	defer resp.Body.Close()
	var now struct {
		NS int64 `json:"now_ns"`
	}
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&now))
	return time.Unix(0, now.NS)
}

// lead is how far the first node's clock is ahead of the second's, at most.
func lead(t *testing.T, w *world) time.Duration {
	other := clockOf(t, w, w.at(1)[0])
	return clockOf(t, w, w.at(0)[0]).Sub(other)
}

func readClocks(t *testing.T, w *world) { w.lead = lead(t, w) }

// isAhead wants the hour that the clock jumped, and a cluster that does not mind.
func isAhead(t *testing.T, w *world) {
	assert.InDelta(t, time.Hour, lead(t, w)-w.lead, float64(time.Minute))
	assert.NoError(t, put(t, w, within, w.Nodes()...))
}

// drifts waits until the clock has gone that far from another node's.
func drifts(by time.Duration) func(*testing.T, *world) {
	return func(t *testing.T, w *world) {
		readClocks(t, w)
		require.Eventually(t, func() bool {
			gone := lead(t, w) - w.lead
			return by > 0 && gone >= by || by < 0 && gone <= by
		}, within, 10*time.Millisecond)
		assert.NoError(t, put(t, w, within, w.Nodes()...))
	}
}

// writeMany writes while messages between the nodes go astray.
func writeMany(t *testing.T, w *world) {
	for range 20 {
		require.NoError(t, put(t, w, within, w.Nodes()...))
	}
}

// agree waits until every node has applied what the leader has committed. That
// they then hold the same they see to themselves: one that differs ends.
func agree(t *testing.T, w *world) {
	ready, err := cluster.WaitReady(t.Context(), w, within)
	require.NoError(t, err)
	leader, err := w.Status(t.Context(), ready.Leader)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		for _, id := range w.Nodes() {
			if s, err := w.Status(t.Context(), id); err != nil || s.Applied < leader.Commit {
				return false
			}
		}
		return true
	}, within, 20*time.Millisecond)
}
