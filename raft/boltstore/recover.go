package boltstore

import (
	"errors"
	"fmt"
	"math"

	hraft "github.com/hashicorp/raft"

	"raftkv/raft"
)

// Recovered is what the disk held, verified and joined to the snapshot.
type Recovered struct {
	HardState raft.HardState
	// Entries are all that are stored. They may begin below the snapshot, when
	// some were kept for followers that lag.
	Entries []raft.Entry
	// First and Last bound Entries. Without any, Last is the snapshot's index.
	First, Last uint64
}

// After returns the entries above index; the slice shares the entries.
func (r Recovered) After(index uint64) []raft.Entry {
	if index >= r.Last {
		return nil
	}
	if index < r.First {
		return r.Entries
	}
	return r.Entries[index-r.First+1:]
}

// load reads and verifies everything in the file that needs no snapshot.
func (s *Store) load() (err error) {
	if err := s.loadPromise(); err != nil {
		return err
	}
	if s.loaded, err = loadEntries(s.db); err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if n := len(s.loaded); n > 0 && s.loaded[n-1].Term > s.hard.Term {
		return fmt.Errorf("%w: entry %d of term %d is newer than the hard state's term %d",
			ErrCorrupt, s.loaded[n-1].Index, s.loaded[n-1].Term, s.hard.Term)
	}
	return nil
}

// loadPromise reads what a node may not forget.
func (s *Store) loadPromise() error {
	b, err := s.db.Get(keyHardState)
	if err != nil {
		return fmt.Errorf("%w: hard state: %w", ErrCorrupt, err)
	}
	if s.hard, err = decodeHardState(b); err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return s.loadRecord()
}

func loadEntries(db logDB) ([]raft.Entry, error) {
	first, err := db.FirstIndex()
	if err != nil || first == 0 {
		return nil, err
	}
	last, err := db.LastIndex()
	if err != nil {
		return nil, err
	}
	var entries []raft.Entry
	for i := first; i <= last; i++ {
		e, err := loadEntry(db, i)
		if err != nil {
			return nil, fmt.Errorf("entry %d: %w", i, err)
		}
		if n := len(entries); n > 0 && e.Term < entries[n-1].Term {
			return nil, fmt.Errorf("entry %d: its term %d is below the one before", i, e.Term)
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// loadEntry reads into a new Log each time: the decoder would write over the
// data of one that it is given again.
func loadEntry(db logDB, index uint64) (raft.Entry, error) {
	var l hraft.Log
	err := db.GetLog(index, &l)
	if errors.Is(err, hraft.ErrLogNotFound) {
		return raft.Entry{}, fmt.Errorf("%w: %w", ErrGap, err)
	}
	if err != nil {
		return raft.Entry{}, err
	}
	e, err := fromLog(&l)
	if err == nil && e.Index != index {
		err = fmt.Errorf("it says that it is entry %d", e.Index)
	}
	return e, err
}

// Recover joins the log to the newest snapshot, the zero value if there is none,
// and hands over what was read. It is called once, after Open and before any
// write. It may write itself: a log that the snapshot replaces is discarded, and
// the term is raised to the snapshot's. It returns ErrCorrupt when what lies
// between snapshot and log is missing.
func (s *Store) Recover(snap raft.SnapshotMeta) (Recovered, error) {
	if err := s.join(snap); err != nil {
		return Recovered{}, fmt.Errorf("recover %s with snapshot %d: %w", s.path, snap.Index, err)
	}
	r := Recovered{HardState: s.hard, Entries: s.loaded, First: s.first, Last: s.last}
	s.loaded = nil
	return r, nil
}

func (s *Store) join(snap raft.SnapshotMeta) error {
	if snap.Index > 0 && s.hard.Term == 0 {
		// A node that has a snapshot has been in a term. Its log was taken away,
		// and with it a vote that it may have given.
		return fmt.Errorf("%w: the folder has a snapshot, but log.db knows of no term", ErrCorrupt)
	}
	discard, err := replacedBy(snap, s.loaded)
	if err != nil {
		return err
	}
	s.ready = true
	if discard {
		s.loaded = nil
		if err := s.write("discard log", func() error { return s.db.DeleteRange(0, math.MaxUint64) }); err != nil {
			return err
		}
	}
	s.setBounds(s.loaded, snap)
	if err := s.matchCopy(); err != nil {
		return err
	}
	return s.raiseTerm(snap.Term)
}

// replacedBy says whether the snapshot takes the place of the whole log.
//
//   - The log ends before the snapshot: the node crashed between installing a
//     snapshot and resetting the log. Replaced.
//   - Both have the snapshot's last index, with different terms: the same crash
//     with a longer log, whose end is in conflict with what was committed.
//     Replaced.
//   - The terms agree, or the log starts right behind the snapshot: kept.
//   - The log starts later: entries are missing. Corrupt.
func replacedBy(snap raft.SnapshotMeta, log []raft.Entry) (bool, error) {
	if len(log) == 0 {
		return false, nil
	}
	first, last := log[0], log[len(log)-1]
	switch {
	case first.Index > snap.Index+1:
		return false, fmt.Errorf("%w: %w: the snapshot ends at %d, the log starts at %d",
			ErrCorrupt, ErrGap, snap.Index, first.Index)
	case last.Index < snap.Index:
		return true, nil
	case first.Index <= snap.Index:
		return log[snap.Index-first.Index].Term != snap.Term, nil
	case first.Term < snap.Term:
		return false, fmt.Errorf("%w: entry %d has term %d, the snapshot before it %d",
			ErrCorrupt, first.Index, first.Term, snap.Term)
	}
	return false, nil
}

// raiseTerm notes a term that a received snapshot proves to have existed: the
// crash may have come after the snapshot and before the hard state. A new term
// without a vote takes nothing back.
func (s *Store) raiseTerm(term uint64) error {
	if term <= s.hard.Term {
		return nil
	}
	return s.SetHardState(raft.HardState{Term: term})
}
