package boltstore

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"raftkv/raft"
)

func options(dir string) Options {
	return Options{Dir: dir, ClusterID: "test", NodeID: 1, NoSync: true}
}

// reopen opens the folder and joins it to the snapshot.
func reopen(t testing.TB, dir string, snap raft.SnapshotMeta) (*Store, Recovered) {
	t.Helper()
	s, err := Open(options(dir))
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	r, err := s.Recover(snap)
	require.NoError(t, err)
	return s, r
}

// fresh is an empty store in the given term.
func fresh(t testing.TB, term uint64) (s *Store, dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "node")
	s, r := reopen(t, dir, raft.SnapshotMeta{})
	require.Equal(t, Recovered{First: 1}, r)
	require.NoError(t, s.SetHardState(raft.HardState{Term: term}))
	return s, dir
}

// run gives entries first to last of one term.
func run(first, last, term uint64) (entries []raft.Entry) {
	for i := first; i <= last; i++ {
		entries = append(entries, raft.Entry{Index: i, Term: term, Data: fmt.Appendf(nil, "%d in %d", i, term)}.Sealed())
	}
	return entries
}

func join(parts ...[]raft.Entry) (entries []raft.Entry) {
	for _, p := range parts {
		entries = append(entries, p...)
	}
	return entries
}

func snapshotAt(index, term uint64) raft.SnapshotMeta {
	return raft.SnapshotMeta{Index: index, Term: term}
}

// requireStored closes the store and requires that the folder holds these
// entries and no others.
func requireStored(t testing.TB, s *Store, dir string, snap raft.SnapshotMeta, want []raft.Entry) {
	t.Helper()
	require.NoError(t, s.Close())
	again, r := reopen(t, dir, snap)
	require.Equal(t, want, r.Entries)
	require.Equal(t, s.First(), again.First())
	require.Equal(t, s.Last(), again.Last())
	require.Equal(t, again.First(), r.First)
	require.Equal(t, again.Last(), r.Last)
}

func TestWhatIsWrittenIsRecovered(t *testing.T) {
	s, dir := fresh(t, 2)
	entries := join(
		[]raft.Entry{raft.Entry{Index: 1, Term: 1}.Sealed(), raft.Entry{Index: 2, Term: 1, Type: raft.EntryConfChange, Data: []byte("conf")}.Sealed()},
		run(3, 5, 2),
		[]raft.Entry{raft.Entry{Index: 6, Term: 2, Data: bytes.Repeat([]byte{7}, 3<<20)}.Sealed()},
	)
	require.NoError(t, s.Append(entries[:2]))
	require.NoError(t, s.Append(entries[2:]))
	require.NoError(t, s.Append(nil))
	require.NoError(t, s.SetHardState(raft.HardState{Term: 3, Vote: 4}))
	assert.Positive(t, s.Size())
	requireStored(t, s, dir, raft.SnapshotMeta{}, entries)

	_, r := reopenCopy(t, dir, raft.SnapshotMeta{})
	assert.Equal(t, raft.HardState{Term: 3, Vote: 4}, r.HardState)
}

// reopenCopy looks at a folder as a crash would leave it now: another process
// still has it open.
func reopenCopy(t testing.TB, dir string, snap raft.SnapshotMeta) (*Store, Recovered) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, fileName))
	require.NoError(t, err)
	crashed := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(crashed, fileName), b, 0o600))
	return reopen(t, crashed, snap)
}

func TestAfterReturnsWhatFollows(t *testing.T) {
	r := Recovered{Entries: run(3, 6, 1), First: 3, Last: 6}
	assert.Equal(t, r.Entries, r.After(0))
	assert.Equal(t, r.Entries, r.After(2))
	assert.Equal(t, run(5, 6, 1), r.After(4))
	assert.Empty(t, r.After(6))
	assert.Empty(t, r.After(9))
	assert.Empty(t, Recovered{First: 1}.After(0))
}

func TestAppendReplacesAConflictingEnd(t *testing.T) {
	s, dir := fresh(t, 3)
	require.NoError(t, s.Append(run(1, 10, 1)))
	require.NoError(t, s.Append(run(6, 7, 3)))
	assert.EqualValues(t, 7, s.Last())
	requireStored(t, s, dir, raft.SnapshotMeta{}, join(run(1, 5, 1), run(6, 7, 3)))
}

func TestAppendMayReplaceEverything(t *testing.T) {
	s, dir := fresh(t, 2)
	require.NoError(t, s.Append(run(1, 10, 1)))
	require.NoError(t, s.Append(run(1, 1, 2)))
	requireStored(t, s, dir, raft.SnapshotMeta{}, run(1, 1, 2))
}

func TestAppendRefuses(t *testing.T) {
	tests := map[string]struct {
		entries []raft.Entry
		want    error
	}{
		"a gap before":                 {run(12, 13, 2), ErrGap},
		"a gap within":                 {join(run(11, 11, 2), run(13, 13, 2)), ErrGap},
		"an index twice":               {join(run(11, 11, 2), run(11, 11, 2)), ErrGap},
		"terms going back within":      {join(run(11, 11, 3), run(12, 12, 2)), ErrOutOfOrder},
		"a term below the last":        {run(11, 12, 1), ErrOutOfOrder},
		"a term below one in the log":  {run(10, 10, 1), ErrOutOfOrder},
		"a term not yet in hard state": {run(11, 11, 4), ErrOutOfOrder},
		"what is compacted":            {run(4, 12, 2), raft.ErrCompacted},
		"what changed in memory":       {bent(run(11, 12, 2)), ErrNotIntact},
		"what nobody sealed":           {[]raft.Entry{{Index: 11, Term: 2}}, ErrNotIntact},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s, dir := fresh(t, 3)
			require.NoError(t, s.Append(run(1, 10, 2)))
			_, err := s.CompactChunk(5)
			require.NoError(t, err)
			require.ErrorIs(t, s.Append(tt.entries), tt.want)
			require.NoError(t, s.Append(run(11, 11, 2)), "a refusal is no failure")
			requireStored(t, s, dir, snapshotAt(4, 2), run(5, 11, 2))
		})
	}
}

// bent is entries of which the last changed after it was made.
func bent(entries []raft.Entry) []raft.Entry {
	entries[len(entries)-1].Data[0] ^= 1
	return entries
}

func TestHardStateNeverGoesBack(t *testing.T) {
	s, _ := fresh(t, 3)
	require.NoError(t, s.SetHardState(raft.HardState{Term: 3, Vote: 2}))
	require.NoError(t, s.SetHardState(raft.HardState{Term: 3, Vote: 2}))
	for _, hs := range []raft.HardState{{Term: 2, Vote: 2}, {Term: 3, Vote: 1}, {Term: 3}} {
		require.ErrorIs(t, s.SetHardState(hs), ErrOutOfOrder, "%+v", hs)
	}
	require.NoError(t, s.SetHardState(raft.HardState{Term: 4}))
}

func TestTruncateFrom(t *testing.T) {
	s, dir := fresh(t, 2)
	require.NoError(t, s.Append(join(run(1, 1500, 1), run(1501, 3000, 2))))
	require.NoError(t, s.TruncateFrom(3001))
	require.NoError(t, s.TruncateFrom(1401))
	require.ErrorIs(t, s.TruncateFrom(0), raft.ErrCompacted)
	require.NoError(t, s.Append(run(1401, 1401, 1)), "the term before is known again")
	requireStored(t, s, dir, raft.SnapshotMeta{}, run(1, 1401, 1))
}

func TestCompactionIsDoneInChunks(t *testing.T) {
	s, dir := fresh(t, 1)
	require.NoError(t, s.Append(run(1, 3500, 1)))
	for _, first := range []uint64{1001, 2001} {
		done, err := s.CompactChunk(3001)
		require.NoError(t, err)
		assert.False(t, done)
		assert.Equal(t, first, s.First())
		require.NoError(t, s.Append(run(s.Last()+1, s.Last()+1, 1)), "commits go in between")
	}
	done, err := s.CompactChunk(3001)
	require.NoError(t, err)
	assert.True(t, done)
	for _, to := range []uint64{0, 5, 3001} {
		done, err = s.CompactChunk(to)
		require.NoError(t, err)
		assert.True(t, done, "there is nothing below %d", to)
	}
	_, err = s.CompactChunk(3504)
	require.ErrorIs(t, err, ErrGap)
	requireStored(t, s, dir, snapshotAt(3000, 1), run(3001, 3502, 1))
}

func TestTheWholeLogMayBeCompacted(t *testing.T) {
	s, dir := fresh(t, 1)
	require.NoError(t, s.Append(run(1, 10, 1)))
	done, err := s.CompactChunk(11)
	require.NoError(t, err)
	assert.True(t, done)
	require.NoError(t, s.Close())

	s, r := reopen(t, dir, snapshotAt(10, 1))
	assert.Equal(t, Recovered{HardState: raft.HardState{Term: 1}, First: 11, Last: 10}, r)
	require.ErrorIs(t, s.Append(run(10, 10, 1)), raft.ErrCompacted)
	require.NoError(t, s.Append(run(11, 11, 1)))
}

func TestResetContinuesBehindTheSnapshot(t *testing.T) {
	s, dir := fresh(t, 3)
	require.NoError(t, s.Append(run(1, 10, 1)))
	require.NoError(t, s.Reset(snapshotAt(100, 2)))
	require.ErrorIs(t, s.Append(run(11, 11, 3)), raft.ErrCompacted)
	require.ErrorIs(t, s.Append(run(102, 102, 3)), ErrGap)
	require.ErrorIs(t, s.Append(run(101, 101, 1)), ErrOutOfOrder, "older than the snapshot")
	require.NoError(t, s.Append(run(101, 101, 3)))
	requireStored(t, s, dir, snapshotAt(100, 2), run(101, 101, 3))
}

func TestNothingIsWrittenBeforeRecover(t *testing.T) {
	s, err := Open(options(t.TempDir()))
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	require.ErrorIs(t, s.SetHardState(raft.HardState{Term: 1}), errNotRecovered)
	require.ErrorIs(t, s.Reset(raft.SnapshotMeta{}), errNotRecovered)
}
