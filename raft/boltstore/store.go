package boltstore

import (
	"errors"
	"fmt"
	"math"
	"os"

	hraft "github.com/hashicorp/raft"

	"raftkv/raft"
	"raftkv/raft/membership"
)

// compactChunk is how many entries one call of CompactChunk drops: about 1.5 ms,
// so that group commits do not wait for long.
const compactChunk = 1000

// errNotRecovered: a caller's mistake.
var errNotRecovered = errors.New("recover the log before writing to it")

// logDB is what the store uses of raft-boltdb.
type logDB interface {
	FirstIndex() (uint64, error)
	LastIndex() (uint64, error)
	GetLog(index uint64, log *hraft.Log) error
	StoreLogs(logs []*hraft.Log) error
	DeleteRange(min, max uint64) error
	Get(key []byte) ([]byte, error)
	Set(key, value []byte) error
	Close() error
}

// Store is one node's log and hard state. One goroutine at a time may use it.
//
// Invariants once recovered: the file holds exactly the entries from first to
// last, first = last+1 meaning none; lastTerm is the term at last, or 0 if it is
// not known; hard is the hard state in the file, record the membership record.
type Store struct {
	path        string
	opts        Options
	db          logDB
	hard        raft.HardState
	record      membership.Record
	old         bool         // the file is of format 1
	loaded      []raft.Entry // between Open and Recover
	ready       bool
	first, last uint64
	lastTerm    uint64
	failed      error
}

func (s *Store) setBounds(log []raft.Entry, snap raft.SnapshotMeta) {
	s.first, s.last, s.lastTerm = snap.Index+1, snap.Index, snap.Term
	if n := len(log); n > 0 {
		s.first, s.last, s.lastTerm = log[0].Index, log[n-1].Index, log[n-1].Term
	}
}

// First is the index of the first entry kept; Last()+1 when there is none.
func (s *Store) First() uint64 { return s.first }

// Last is the index of the last entry, or of what the log continues.
func (s *Store) Last() uint64 { return s.last }

// Size is the length of the file in bytes. It never shrinks: room that
// compaction makes is used again.
func (s *Store) Size() int64 {
	info, err := os.Stat(s.path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// Close gives the folder back. It waits for nothing: what was written is on disk.
func (s *Store) Close() error {
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("close %s: %w", s.path, err)
	}
	return nil
}

// SetHardState stores term and vote in one value. It returns ErrOutOfOrder for a
// term that goes back or a second vote in a term.
func (s *Store) SetHardState(hs raft.HardState) error {
	if hs.Term < s.hard.Term || hs.Term == s.hard.Term && s.hard.Vote != raft.None && hs.Vote != s.hard.Vote {
		return fmt.Errorf("%w: hard state %+v after %+v", ErrOutOfOrder, hs, s.hard)
	}
	err := s.write("hard state", func() error {
		if err := s.copyHardState(hs); err != nil {
			return err
		}
		return s.db.Set(keyHardState, encodeHardState(hs))
	})
	if err == nil {
		s.hard = hs
	}
	return err
}

// Append makes entries the end of the log. Where they overlap what is stored,
// that is removed first, durably, from the first of them on. It returns ErrGap
// when they do not follow, ErrOutOfOrder when their terms go back or are newer
// than the hard state, raft.ErrCompacted when they begin below First, and
// ErrNotIntact when one does not match its Sum.
func (s *Store) Append(entries []raft.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	if err := errors.Join(checkRun(entries), checkIntact(entries), s.checkJoin(entries)); err != nil {
		return fmt.Errorf("append entry %d: %w", entries[0].Index, err)
	}
	if entries[0].Index <= s.last {
		if err := s.TruncateFrom(entries[0].Index); err != nil {
			return err
		}
	}
	logs := make([]*hraft.Log, len(entries))
	for i, e := range entries {
		logs[i] = toLog(e)
	}
	err := s.write("append", func() error { return s.db.StoreLogs(logs) })
	if err == nil {
		end := entries[len(entries)-1]
		s.last, s.lastTerm = end.Index, end.Term
	}
	return err
}

// checkRun says whether entries are a piece of a log in themselves.
func checkRun(entries []raft.Entry) error {
	for i, e := range entries[1:] {
		switch {
		case e.Index != entries[i].Index+1:
			return fmt.Errorf("%w: %d comes after %d", ErrGap, e.Index, entries[i].Index)
		case e.Term < entries[i].Term:
			return fmt.Errorf("%w: term %d comes after %d", ErrOutOfOrder, e.Term, entries[i].Term)
		}
	}
	return nil
}

func checkIntact(entries []raft.Entry) error {
	for i := range entries {
		if !entries[i].Intact() {
			return fmt.Errorf("%w: entry %d", ErrNotIntact, entries[i].Index)
		}
	}
	return nil
}

// checkJoin says whether entries continue what is stored, possibly after a
// truncation.
func (s *Store) checkJoin(entries []raft.Entry) error {
	start, end := entries[0], entries[len(entries)-1]
	switch {
	case end.Term > s.hard.Term:
		return fmt.Errorf("%w: term %d, hard state %d", ErrOutOfOrder, end.Term, s.hard.Term)
	case start.Index < s.first:
		return fmt.Errorf("%w: the log starts at %d", raft.ErrCompacted, s.first)
	case start.Index > s.last+1:
		return fmt.Errorf("%w: the log ends at %d", ErrGap, s.last)
	}
	before, err := s.termBefore(start.Index)
	if err == nil && start.Term < before {
		err = fmt.Errorf("%w: term %d comes after %d", ErrOutOfOrder, start.Term, before)
	}
	return err
}

// TruncateFrom removes the entries from index to the end, in one transaction,
// so that a crash cannot leave a hole. Nothing happens if there are none.
func (s *Store) TruncateFrom(index uint64) error {
	if index < s.first {
		return fmt.Errorf("truncate from %d: %w: the log starts at %d", index, raft.ErrCompacted, s.first)
	}
	if index > s.last {
		return nil
	}
	term, err := s.termBefore(index)
	if err != nil {
		return fmt.Errorf("truncate from %d: %w", index, err)
	}
	err = s.write("truncate", func() error { return s.db.DeleteRange(index, s.last) })
	if err == nil {
		s.last, s.lastTerm = index-1, term
	}
	return err
}

// termBefore is 0 where the entry before was compacted away.
func (s *Store) termBefore(index uint64) (uint64, error) {
	if index == s.last+1 {
		return s.lastTerm, nil
	}
	if index == s.first {
		return 0, nil
	}
	e, err := loadEntry(s.db, index-1)
	return e.Term, err
}

// CompactChunk drops entries below to, a thousand at most, and says whether
// there are none left to drop. A durable snapshot must cover all of them: to is
// at most its index+1. Calling it again between commits keeps both short.
func (s *Store) CompactChunk(to uint64) (done bool, err error) {
	if to > s.last+1 {
		return false, fmt.Errorf("compact to %d: %w: the log ends at %d", to, ErrGap, s.last)
	}
	if to <= s.first {
		return true, nil
	}
	end := min(to, s.first+compactChunk)
	if err := s.write("compact", func() error { return s.db.DeleteRange(s.first, end-1) }); err != nil {
		return false, err
	}
	s.first = end
	return end == to, nil
}

// Reset empties the log after a snapshot was installed: the next entry is the
// one behind it. The snapshot must be durable.
func (s *Store) Reset(snap raft.SnapshotMeta) error {
	err := s.write("reset", func() error { return s.db.DeleteRange(0, math.MaxUint64) })
	if err == nil {
		s.setBounds(nil, snap)
	}
	return err
}

// write runs one transaction. The first that fails is the last that is tried:
// after a failed fsync the kernel may report the next one as good although the
// pages are gone.
func (s *Store) write(what string, tx func() error) error {
	if !s.ready {
		return fmt.Errorf("%s: %w", what, errNotRecovered)
	}
	if s.failed != nil {
		return s.failed
	}
	if err := tx(); err != nil {
		s.failed = fmt.Errorf("%s: %s: %w: %w", s.path, what, ErrFailed, err)
	}
	return s.failed
}
