package boltstore

import (
	"errors"
	"fmt"
)

// Scrub reads entries back from index from on, or from the first if that was
// compacted, about maxBytes of them, and verifies their checksums and the hard
// state's. It returns where to go on, 0 after the last entry, and how many bytes
// it read. Damage is ErrCorrupt. Any goroutine may call it beside the one that
// writes, until Close. It sees what the operating system gives, which for pages
// that were read lately may be their image in memory.
func (s *Store) Scrub(from uint64, maxBytes int) (next uint64, read int, err error) {
	err = guard(func() error {
		next, read, err = s.scrub(from, maxBytes)
		return err
	})
	if err != nil {
		return 0, read, fmt.Errorf("%s: %w", s.path, err)
	}
	return next, read, nil
}

func (s *Store) scrub(from uint64, maxBytes int) (next uint64, read int, err error) {
	if err := s.scrubHardState(); err != nil {
		return 0, 0, err
	}
	first, last, err := s.stored()
	if err != nil || first == 0 {
		return 0, 0, err
	}
	i := max(from, first)
	for ; i <= last && read < maxBytes; i++ {
		e, err := loadEntry(s.db, i)
		if errors.Is(err, ErrGap) && s.wentMeanwhile(i) {
			return 0, read, nil
		}
		if err != nil {
			return 0, read, fmt.Errorf("%w: entry %d: %w", ErrCorrupt, i, err)
		}
		read += len(e.Data)
	}
	if i > last {
		return 0, read, nil
	}
	return i, read, nil
}

func (s *Store) scrubHardState() error {
	b, err := s.db.Get(keyHardState)
	if err == nil {
		_, err = decodeHardState(b)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return nil
}

// stored asks the file, not the fields: those belong to the writer.
func (s *Store) stored() (first, last uint64, err error) {
	if first, err = s.db.FirstIndex(); err != nil {
		return 0, 0, err
	}
	last, err = s.db.LastIndex()
	return first, last, err
}

// wentMeanwhile says that the writer compacted or truncated an entry away.
func (s *Store) wentMeanwhile(index uint64) bool {
	first, last, err := s.stored()
	return err == nil && (first == 0 || index < first || index > last)
}
