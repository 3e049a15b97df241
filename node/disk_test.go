package node

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftkv/raft"
)

func entries(term uint64, from, to uint64) []raft.Entry {
	var es []raft.Entry
	for i := from; i <= to; i++ {
		es = append(es, raft.Entry{Index: i, Term: term})
	}
	return es
}

func TestGroupCommitKeepsWhatTheJobsWouldHaveLeft(t *testing.T) {
	join := func(a, b []raft.Entry) []raft.Entry { return append(append([]raft.Entry(nil), a...), b...) }
	first, last := raft.HardState{Term: 1}, raft.HardState{Term: 2, Vote: 3}
	snap := raft.SnapshotMeta{Index: 10, Term: 2}
	for name, tc := range map[string]struct {
		jobs []diskJob
		want diskJob
	}{
		"appends in a row":         {[]diskJob{{entries: entries(1, 5, 6)}, {entries: entries(1, 7, 8)}}, diskJob{entries: entries(1, 5, 8)}},
		"a suffix replaced":        {[]diskJob{{entries: entries(1, 5, 8)}, {entries: entries(2, 7, 7)}}, diskJob{entries: join(entries(1, 5, 6), entries(2, 7, 7))}},
		"everything replaced":      {[]diskJob{{entries: entries(1, 5, 8)}, {entries: entries(2, 4, 6)}}, diskJob{entries: entries(2, 4, 6)}},
		"the last hard state":      {[]diskJob{{hardState: &first}, {hardState: &last}, {}}, diskJob{hardState: &last}},
		"a reset drops the before": {[]diskJob{{entries: entries(1, 5, 8)}, {reset: &snap}, {entries: entries(2, 11, 12)}}, diskJob{reset: &snap, entries: entries(2, 11, 12)}},
	} {
		require.Equal(t, tc.want, merge(tc.jobs), name)
	}
}

// What a Ready handed out belongs to the engine too: merging must not write to it.
func TestGroupCommitLeavesTheJobsAlone(t *testing.T) {
	a := make([]raft.Entry, 0, 16)
	a = append(a, entries(1, 5, 8)...)
	jobs := []diskJob{{entries: a[:2]}, {entries: entries(9, 7, 9)}}
	merge(jobs)
	require.Equal(t, entries(1, 5, 8), a)
}

func TestTrailingEntriesAreBoundedInNumberAndBytes(t *testing.T) {
	grown := func(size int, n uint64) *snapshots {
		var s snapshots
		for i := uint64(1); i <= n; i++ {
			s.grow(raft.Entry{Index: i, Data: make([]byte, size)})
		}
		return &s
	}
	require.Equal(t, uint64(81), grown(1, 100).keepFrom(90, 10), "ten of them")
	require.Equal(t, uint64(1), grown(1, 100).keepFrom(90, 1000), "all there are")
	require.Equal(t, uint64(91), grown(1, 100).keepFrom(90, 0), "none")
	require.Equal(t, uint64(7), grown(trailingBytes/4, 12).keepFrom(10, 1000), "as many as fit")
	s := grown(1, 100)
	s.keepFrom(90, 10)
	require.Len(t, s.tail, 20, "what was dropped is forgotten")
}

func TestClockMovesByElapsedTimeInBoundedSteps(t *testing.T) {
	start := time.Now()
	c := clock{}
	c.observe(5000, start)
	now := func(d time.Duration) uint64 {
		cs := c.prepend(nil, start.Add(d), time.Hour)
		require.Len(t, cs, 1)
		return cs[0].NowMs
	}
	require.Equal(t, uint64(7000), now(2*time.Second))
	require.Empty(t, c.prepend(nil, start.Add(2500*time.Millisecond), time.Hour), "once a period")
	c.observe(7000, start.Add(3*time.Second))
	require.Equal(t, uint64(8000), now(4*time.Second))
	require.Equal(t, uint64(7000+120_000), now(10*time.Hour), "an outage hardly counts")
}
