package node

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftkv/node/snapshot"
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
	keep := func(s *snapshots, index, trailing uint64) uint64 {
		return s.keepFrom(index, index+1, &Config{TrailingEntries: trailing})
	}
	require.Equal(t, uint64(81), keep(grown(1, 100), 90, 10), "ten of them")
	require.Equal(t, uint64(1), keep(grown(1, 100), 90, 1000), "all there are")
	require.Equal(t, uint64(91), keep(grown(1, 100), 90, 0), "none")
	require.Equal(t, uint64(7), keep(grown(trailingBytes/4, 12), 10, 1000), "as many as fit")
	s := grown(1, 100)
	keep(s, 90, 10)
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

func TestWhatAFollowerNeedsIsHeldUpToABound(t *testing.T) {
	c := &Config{TrailingEntries: 2, SnapshotEntries: 10, SnapshotBytes: 1000}
	keep := func(size int, need uint64) uint64 {
		var s snapshots
		for i := uint64(1); i <= 100; i++ {
			s.grow(raft.Entry{Index: i, Data: make([]byte, size)})
		}
		return s.keepFrom(90, need, c)
	}
	require.Equal(t, uint64(89), keep(1, 91), "nobody needs any")
	require.Equal(t, uint64(89), keep(1, 90))
	require.Equal(t, uint64(70), keep(1, 70))
	require.Equal(t, uint64(51), keep(1, 1), "four times what a snapshot is taken after")
	require.Equal(t, uint64(72), keep(200, 1), "in bytes too")
}

// A peer that is sent a snapshot under load would otherwise be sent another when
// it has got it, and another.
func TestCompactionWaitsForWhoIsSentASnapshot(t *testing.T) {
	l := newAlone(t, 1, 2, 3)
	l.config.SnapshotEntries, l.config.TrailingEntries = 10, 1
	l.snapshots.dir, l.compact = openSnapshots(t), func(uint64) {}
	t.Cleanup(l.saver.Wait)
	grow := func(to uint64) {
		for l.raft.LastIndex() < to {
			_, _, err := l.raft.Propose(nil)
			require.NoError(t, err)
		}
		for range 2 {
			rd := l.raft.Ready()
			for _, e := range rd.Committed {
				l.snapshots.grow(e)
				l.raft.ApplyDone(e.Index)
			}
			l.raft.AppendDone(rd.Durable())
			require.NoError(t, l.raft.Step(raft.Message{Type: raft.MsgAppendResp, From: 2, To: 1, Term: 1, Index: to}))
		}
	}
	save := func(index uint64) {
		conf, err := l.raft.ConfAt(index)
		require.NoError(t, err)
		l.saved(snapshot.Info{Meta: raft.SnapshotMeta{Index: index, Term: 1, Conf: conf}}, 0, nil)
		require.NoError(t, l.err)
	}
	heard := func(from uint64) {
		require.NoError(t, l.raft.Step(raft.Message{Type: raft.MsgHeartbeatResp, From: from, To: 1, Term: 1}))
	}
	elect(t, l)
	grow(2)
	for range l.config.electionTicks() {
		l.raft.Tick()
		heard(2)
	}
	grow(30)
	save(30)
	require.Equal(t, uint64(30), l.raft.Status().FirstIndex, "3 is not heard")
	heard(3)
	grow(31)
	require.Equal(t, "snapshot", l.raft.Status().Progress[3].State)

	grow(50)
	save(50)
	require.Equal(t, uint64(31), l.raft.Status().FirstIndex, "what 3 will need behind it")
	grow(90)
	save(90)
	require.Equal(t, uint64(51), l.raft.Status().FirstIndex, "but not for ever")
}

func openSnapshots(t *testing.T) *snapshot.Dir {
	dir, err := snapshot.Open(t.TempDir(), "test")
	require.NoError(t, err)
	return dir
}

func TestAnswersThatWaitForADiskThatStandsStillAreBounded(t *testing.T) {
	l := newAlone(t, 1, 2, 3)
	l.disk.jobs = newInbox[diskJob](make(chan struct{}, 1))
	l.persist(raft.Ready{Entries: entries(1, 1, 1)})
	for range 2 * inboxMessages {
		l.persist(raft.Ready{MessagesAfterAppend: []raft.Message{{Type: raft.MsgAppendResp}}})
	}
	require.Equal(t, inboxMessages, l.disk.pending)
	l.persist(raft.Ready{Entries: entries(1, 2, 2)})
	jobs := l.disk.jobs.take()
	require.Len(t, jobs, l.disk.pending)
	require.NotEmpty(t, jobs[len(jobs)-1].entries, "what has to be written always is")
}
