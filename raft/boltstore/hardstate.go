package boltstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"raftkv/raft"
	"raftkv/raft/membership"
)

// copyName is a second copy of what a node may not forget, under a checksum of
// its own. A node whose log.db cannot be read may take part again only if it
// knows its term and its vote for certain, and which folder of its node it is. It
// changes at elections only, so the copy costs little.
const copyName = "hardstate"

// promise is what the copy holds, beside whose it is.
type promise struct {
	hs     raft.HardState
	record membership.Record
}

// encode puts the identity last: each part ends in a checksum of its own.
func (p promise) encode(id identity) []byte {
	record := seal(p.record.Encode())
	b := binary.BigEndian.AppendUint32(encodeHardState(p.hs), uint32(len(record)))
	return seal(append(append(b, record...), id.encode()...))
}

// decodePromise verifies that the copy is whole and is o's.
func decodePromise(b []byte, o Options) (p promise, err error) {
	const head = 20 + 4 // a sealed hard state, a length
	b, err = unseal(b)
	if err != nil || len(b) < head || uint64(len(b)-head) < uint64(binary.BigEndian.Uint32(b[head-4:])) {
		return p, fmt.Errorf("%w: %s: %w", ErrCorrupt, copyName, errChecksum)
	}
	end := head + int(binary.BigEndian.Uint32(b[head-4:]))
	if err := o.identity().verify(b[end:]); err != nil {
		return p, err
	}
	format, err := formatOf(b[end:])
	if err != nil {
		return p, err
	}
	if p.hs, err = decodeHardState(b[:head-4]); err != nil {
		return p, err
	}
	p.record, err = decodeRecord(b[head:end], format, p.hs, o)
	return p, err
}

// writeCopy makes the copy durable. It comes before the first: a hard state is
// acknowledged when both are written, so the copy is never behind what was
// promised, whichever of the two is lost.
func writeCopy(o Options, p promise) error {
	f, err := os.CreateTemp(o.Dir, tempPattern)
	if err != nil {
		return err
	}
	_, err = f.Write(p.encode(o.identity()))
	if err == nil && !o.NoSync {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(o.Dir, copyName))
	}
	if err == nil && !o.NoSync {
		err = syncPath(o.Dir)
	}
	return err
}

// matchCopy makes both hard states the later of the two, and both records. A copy that is later
// was never acknowledged, or was and the first is damaged: both take it.
func (s *Store) matchCopy() error {
	hs := s.hard
	second, err := readCopy(s.opts)
	if err == nil && second.hs == hs && second.record.Equal(s.record) {
		return nil
	}
	if err == nil {
		hs = later(hs, second.hs)
		if second.record.Incarnation == s.record.Incarnation && second.record.Phase >= s.record.Phase {
			if err := s.SetRecord(second.record); err != nil {
				return err
			}
		}
	}
	return s.SetHardState(hs)
}

// later is a, unless b is of a later term or has the vote of the same.
func later(a, b raft.HardState) raft.HardState {
	if b.Term > a.Term || b.Term == a.Term && a.Vote == raft.None {
		return b
	}
	return a
}

func (s *Store) copyHardState(hs raft.HardState) error {
	return writeCopy(s.opts, promise{hs, s.record})
}

// readCopy returns fs.ErrNotExist for a folder older than the copies.
func readCopy(o Options) (promise, error) {
	b, err := os.ReadFile(filepath.Join(o.Dir, copyName))
	if err != nil {
		return promise{}, err
	}
	return decodePromise(b, o)
}

// SetAside moves a damaged log to the folder into, which must exist on the same
// file system, and puts an empty one in its place that has the same term, vote
// and membership. The new one lacks entries that this node acknowledged: the engine must
// be told (raft.Config.Recovery). It returns ErrCorrupt, and changes nothing,
// when term and vote are lost as well: then nobody knows what the node promised.
// A crash on the way leaves a log that Open calls damaged, or the new one; call
// it again.
func SetAside(o Options, into string) error {
	p, err := salvage(o)
	if err == nil {
		err = setAside(o, into, p)
	}
	if err != nil {
		return fmt.Errorf("set aside %s: %w", o.path(), err)
	}
	return nil
}

func setAside(o Options, into string, p promise) error {
	if err := writeCopy(o, p); err != nil {
		return err
	}
	if err := os.Rename(o.path(), filepath.Join(into, fileName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := errors.Join(syncPath(into), syncPath(o.Dir)); err != nil {
		return err
	}
	return errors.Join(create(o, p), syncPath(o.Dir))
}

// salvage finds the promise in the copy or in the file. Each part is sealed, so
// what can be read is right, and the copy is never behind.
func salvage(o Options) (promise, error) {
	second, err := readCopy(o)
	first, firstErr := readFirst(o)
	switch {
	case err == nil:
		second.hs = later(first.hs, second.hs) // first may be zero
		return second, nil
	case firstErr != nil:
		return promise{}, fmt.Errorf("%w: its term and vote cannot be read: %w; %w", ErrCorrupt, err, firstErr)
	case first.hs.Term == 0: // a new file where an old one was taken away, copy and all
		return promise{}, fmt.Errorf("%w: it knows of no term", ErrCorrupt)
	}
	return first, nil
}

// readFirst reads the promise out of a log.db whose entries may be damaged. With
// a damaged meta page it would be that of an earlier transaction.
func readFirst(o Options) (p promise, err error) {
	err = guard(func() error {
		db, err := openDB(o.path(), o.NoSync, true)
		if err != nil {
			return err
		}
		s := &Store{db: db, opts: o}
		err = errors.Join(verifyIdentity(db, o.identity()), s.loadPromise(), verifyMeta(o.path()), db.Close())
		p = promise{s.hard, s.record}
		return err
	})
	if err != nil {
		return promise{}, oneLine(err)
	}
	return p, nil
}

// oneLine joins the lines of several errors.
func oneLine(err error) error {
	return errors.New(strings.ReplaceAll(err.Error(), "\n", "; "))
}
