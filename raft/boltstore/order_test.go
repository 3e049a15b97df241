package boltstore

import (
	"errors"
	"fmt"
	"testing"

	hraft "github.com/hashicorp/raft"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"raftkv/raft"
)

// watchedDB notes every write, shows the folder before each, and can fail.
type watchedDB struct {
	logDB
	writes []string
	before func()
	fail   error
}

func (w *watchedDB) note(format string, args ...any) error {
	if w.before != nil {
		w.before()
	}
	w.writes = append(w.writes, fmt.Sprintf(format, args...))
	return w.fail
}

func (w *watchedDB) StoreLogs(logs []*hraft.Log) error {
	if err := w.note("store %d-%d", logs[0].Index, logs[len(logs)-1].Index); err != nil {
		return err
	}
	return w.logDB.StoreLogs(logs)
}

func (w *watchedDB) DeleteRange(first, last uint64) error {
	if err := w.note("delete %d-%d", first, last); err != nil {
		return err
	}
	return w.logDB.DeleteRange(first, last)
}

func (w *watchedDB) Set(k, v []byte) error {
	if err := w.note("set %s", k); err != nil {
		return err
	}
	return w.logDB.Set(k, v)
}

func watched(s *Store) *watchedDB {
	w := &watchedDB{logDB: s.db}
	s.db = w
	return w
}

func TestTruncationIsDurableBeforeTheAppend(t *testing.T) {
	s, dir := fresh(t, 2)
	require.NoError(t, s.Append(run(1, 10, 1)))
	w := watched(s)
	var seen [][]raft.Entry
	w.before = func() {
		_, r := reopenCopy(t, dir, raft.SnapshotMeta{})
		seen = append(seen, r.Entries)
	}
	require.NoError(t, s.Append(run(6, 12, 2)))
	assert.Equal(t, []string{"delete 6-10", "store 6-12"}, w.writes)
	assert.Equal(t, [][]raft.Entry{run(1, 10, 1), run(1, 5, 1)}, seen, "what a crash before each step leaves")
}

func TestEachCallIsOneTransaction(t *testing.T) {
	s, _ := fresh(t, 1)
	w := watched(s)
	require.NoError(t, s.Append(run(1, 2000, 1)))
	require.NoError(t, s.SetHardState(raft.HardState{Term: 2, Vote: 1}))
	_, err := s.CompactChunk(1500)
	require.NoError(t, err)
	assert.Equal(t, []string{"store 1-2000", "set hardstate", "delete 1-1000"}, w.writes)
}

func TestTheFirstFailedWriteIsTheLastTried(t *testing.T) {
	eio := errors.New("input/output error")
	writes := map[string]func(*Store) error{
		"hard state": func(s *Store) error { return s.SetHardState(raft.HardState{Term: 9}) },
		"append":     func(s *Store) error { return s.Append(run(11, 12, 1)) },
		"overlap":    func(s *Store) error { return s.Append(run(10, 12, 1)) },
		"truncate":   func(s *Store) error { return s.TruncateFrom(9) },
		"compact":    func(s *Store) error { _, err := s.CompactChunk(3); return err },
		"reset":      func(s *Store) error { return s.Reset(snapshotAt(20, 1)) },
	}
	for name, write := range writes {
		t.Run(name, func(t *testing.T) {
			s, _ := fresh(t, 1)
			require.NoError(t, s.Append(run(1, 10, 1)))
			w := watched(s)
			w.fail = eio
			first := write(s)
			require.ErrorIs(t, first, ErrFailed)
			require.ErrorIs(t, first, eio)

			w.fail = nil // the disk says that all is well again
			for other, write := range writes {
				require.Equal(t, first, write(s), "%s after it", other)
			}
			assert.Len(t, w.writes, 1)
			assert.EqualValues(t, 1, s.First())
			assert.EqualValues(t, 10, s.Last(), "nothing is claimed that is not known")
		})
	}
}
