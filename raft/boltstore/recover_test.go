package boltstore

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"raftkv/raft"
)

func TestTheLogIsJoinedToTheSnapshot(t *testing.T) {
	log := join(run(5, 8, 2), run(9, 10, 3)) // what was before is compacted
	tests := map[string]struct {
		snap raft.SnapshotMeta
		want []raft.Entry
		err  error
	}{
		"it starts right behind":               {snapshotAt(4, 2), log, nil},
		"it overlaps and agrees":               {snapshotAt(8, 2), log, nil},
		"it ends with it":                      {snapshotAt(10, 3), log, nil},
		"it overlaps and disagrees":            {snapshotAt(8, 3), nil, nil},
		"its last disagrees":                   {snapshotAt(10, 4), nil, nil},
		"it ends before":                       {snapshotAt(11, 3), nil, nil},
		"it ends long before":                  {snapshotAt(1000, 9), nil, nil},
		"entries between are missing":          {snapshotAt(3, 2), nil, ErrGap},
		"the snapshot is missing":              {raft.SnapshotMeta{}, nil, ErrGap},
		"it goes on with an older term":        {snapshotAt(4, 3), nil, ErrCorrupt},
		"it starts with the snapshot's last":   {snapshotAt(5, 2), log, nil},
		"the snapshot's last, of another term": {snapshotAt(5, 3), nil, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s, dir := fresh(t, 3)
			require.NoError(t, s.Append(join(run(1, 8, 2), run(9, 10, 3))))
			_, err := s.CompactChunk(5)
			require.NoError(t, err)
			require.NoError(t, s.Close())

			s, err = Open(options(dir))
			require.NoError(t, err)
			r, err := s.Recover(tt.snap)
			if tt.err != nil {
				require.ErrorIs(t, err, tt.err)
				require.ErrorIs(t, err, ErrCorrupt)
				require.NoError(t, s.Close())
				_, r := reopen(t, dir, snapshotAt(4, 2))
				require.Equal(t, log, r.Entries, "nothing was harmed")
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tt.want, r.Entries)
			requireStored(t, s, dir, tt.snap, tt.want)
		})
	}
}

func TestASnapshotProvesItsTerm(t *testing.T) {
	s, dir := fresh(t, 3)
	require.NoError(t, s.SetHardState(raft.HardState{Term: 3, Vote: 2}))
	require.NoError(t, s.Close())

	s, r := reopen(t, dir, snapshotAt(50, 7))
	assert.Equal(t, raft.HardState{Term: 7}, r.HardState)
	require.NoError(t, s.Close())
	s, r = reopen(t, dir, snapshotAt(50, 7))
	assert.Equal(t, raft.HardState{Term: 7}, r.HardState, "it is on disk")
	require.NoError(t, s.SetHardState(raft.HardState{Term: 7, Vote: 2}))
}

func TestASnapshotWithoutItsLogIsRefused(t *testing.T) {
	dir := t.TempDir()
	for range 2 { // and again: the file made by the first start changes nothing
		s, err := Open(options(dir))
		require.NoError(t, err)
		_, err = s.Recover(snapshotAt(50, 7))
		require.ErrorIs(t, err, ErrCorrupt)
		require.NoError(t, s.Close())
	}
}

// An install crashes between each of its steps: the snapshot is durable, then
// the log is reset, then entries follow.
func TestACrashDuringASnapshotInstall(t *testing.T) {
	snap := snapshotAt(20, 2)
	for name, log := range map[string][]raft.Entry{
		"shorter log":         run(1, 10, 1),
		"longer, conflicting": run(1, 30, 1),
	} {
		t.Run(name, func(t *testing.T) {
			s, dir := fresh(t, 3)
			require.NoError(t, s.Append(log))

			_, r := reopenCopy(t, dir, snap)
			require.Empty(t, r.Entries, "before the reset")
			require.EqualValues(t, 20, r.Last)

			require.NoError(t, s.Reset(snap))
			_, r = reopenCopy(t, dir, snap)
			require.Empty(t, r.Entries, "after the reset")

			require.NoError(t, s.Append(run(21, 22, 3)))
			_, r = reopenCopy(t, dir, snap)
			require.Equal(t, run(21, 22, 3), r.Entries)
		})
	}
}

// Every step of a compaction leaves a log that joins the snapshot.
func TestACrashDuringACompaction(t *testing.T) {
	s, dir := fresh(t, 1)
	require.NoError(t, s.Append(run(1, 2500, 1)))
	for done := false; !done; {
		_, r := reopenCopy(t, dir, snapshotAt(2400, 1))
		require.Equal(t, run(s.First(), 2500, 1), r.Entries)
		var err error
		done, err = s.CompactChunk(2401)
		require.NoError(t, err)
	}
	assert.EqualValues(t, 2401, s.First())
}
