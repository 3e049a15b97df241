package boltstore

import (
	"encoding/binary"
	"fmt"

	"raftkv/raft"
	"raftkv/raft/membership"
)

// Record is what the folder says of its part in a cluster.
func (s *Store) Record() membership.Record { return s.record }

// SetRecord makes another record durable, in both places, whatever Options.NoSync
// says of the log: it comes once or twice in the life of a folder. The incarnation
// stays: ErrOutOfOrder if r has another, or takes a membership back.
func (s *Store) SetRecord(r membership.Record) error {
	if r.Incarnation != s.record.Incarnation || r.Phase < s.record.Phase {
		return fmt.Errorf("%w: membership %+v after %+v", ErrOutOfOrder, r, s.record)
	}
	err := s.write("membership", func() error {
		synced := s.opts
		synced.NoSync = false
		if err := writeCopy(synced, promise{s.hard, r}); err != nil {
			return err
		}
		if err := s.db.Set(keyMembership, seal(r.Encode())); err != nil {
			return err
		}
		return syncPath(s.path)
	})
	if err == nil {
		s.record = r
	}
	return err
}

// loadRecord reads the record, or makes one of what format 1 has instead. The hard
// state was read.
func (s *Store) loadRecord() error {
	sealed, err := s.db.Get(keyIdentity)
	if err != nil {
		return fmt.Errorf("%w: identity: %w", ErrCorrupt, err)
	}
	format, err := formatOf(sealed)
	if err != nil {
		return err
	}
	s.old = format == foundersVersion
	key := keyMembership
	if s.old {
		key = keyFounders
	}
	b, err := s.db.Get(key)
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrCorrupt, key, err)
	}
	if s.record, err = decodeRecord(b, format, s.hard, s.opts); err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return nil
}

// decodeRecord reads a sealed record, or the sealed founders of format 1. There, a
// folder with founders is a member's, and so is one that has been in a term; one
// that waits to be added, and was not yet, becomes a new one.
func decodeRecord(b []byte, format uint32, hs raft.HardState, o Options) (membership.Record, error) {
	if format != foundersVersion {
		b, err := unseal(b)
		if err != nil {
			return membership.Record{}, fmt.Errorf("membership: %w", err)
		}
		return membership.Decode(b)
	}
	founders, err := decodeFounders(b)
	if err != nil || len(founders) == 0 && hs.Term == 0 {
		return o.fresh(), err
	}
	return membership.Record{Phase: membership.Member, Cluster: membership.Legacy, Founders: founders}, nil
}

func decodeFounders(b []byte) ([]uint64, error) {
	b, err := unseal(b)
	if err != nil || len(b)%8 != 0 {
		return nil, fmt.Errorf("founders: %w", errChecksum)
	}
	var ids []uint64
	for ; len(b) > 0; b = b[8:] {
		ids = append(ids, binary.BigEndian.Uint64(b))
	}
	return ids, nil
}

// migrate brings a folder of format 1 up to date. The identity, which tells the
// format, comes last: a crash before it leaves a folder of format 1.
func (s *Store) migrate() error {
	if !s.old {
		return nil
	}
	if err := writeCopy(s.opts, promise{s.hard, s.record}); err != nil {
		return fmt.Errorf("bring the folder up to date: %w", err)
	}
	if err := s.db.Set(keyMembership, seal(s.record.Encode())); err != nil {
		return fmt.Errorf("bring the folder up to date: %w", err)
	}
	if err := s.db.Set(keyIdentity, s.opts.identity().encode()); err != nil {
		return fmt.Errorf("bring the folder up to date: %w", err)
	}
	s.old = false
	return nil
}
