package boltstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	hraft "github.com/hashicorp/raft"

	raftboltdb "github.com/hashicorp/raft-boltdb/v2"

	"raftkv/raft"
	"raftkv/raft/membership"
)

// maxDamage is how many damaged places an inspection names before it stops.
const maxDamage = 100

// Inspection is what a stopped node's log.db holds, as far as it can be read.
// What is damaged is left at its zero value and named in Damage.
type Inspection struct {
	Path  string
	Bytes int64
	// Format, Node and Cluster are the identity of the file.
	Format  uint32
	Node    uint64
	Cluster string
	// Record is what the folder says of its part in a cluster.
	Record    membership.Record
	HardState raft.HardState
	// First and Last bound the entries that the file's keys name; 0 without any.
	First, Last uint64
	// Entries counts those that are intact.
	Entries uint64
	// Damage names what is wrong, the first first. Empty: nothing is.
	Damage []string
}

// Path is where a data folder has its log.
func Path(dir string) string { return filepath.Join(dir, fileName) }

// Inspect reads DIR/log.db without changing anything and calls visit with each
// intact entry, in order. Damage is no error but part of the result. It returns
// ErrLocked while a node uses the folder, and an error that is fs.ErrNotExist
// when there is no log.
func Inspect(dir string, visit func(raft.Entry)) (Inspection, error) {
	in := Inspection{Path: Path(dir)}
	info, err := os.Stat(in.Path)
	if err != nil {
		return in, err
	}
	in.Bytes = info.Size()
	release, err := LockShared(dir)
	if err != nil {
		return in, err
	}
	defer release()
	if in.Bytes == 0 { // bbolt would wait for a writer to lay it out
		in.damaged(errors.New("the file is empty"))
		return in, nil
	}
	in.damaged(guard(func() error { return in.read(visit) }))
	return in, nil
}

// LockShared keeps nodes from starting on a folder, and says ErrLocked if one
// runs there. Several readers may hold it at once. A folder without log.db has
// nothing to lock. It must be released.
func LockShared(dir string) (release func(), err error) {
	f, err := os.Open(Path(dir))
	if errors.Is(err, os.ErrNotExist) {
		return func() {}, nil
	}
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("open %s: %w", f.Name(), ErrLocked)
		}
		return nil, fmt.Errorf("lock %s: %w", f.Name(), err)
	}
	return func() { _ = f.Close() }, nil // which gives the lock back
}

func (in *Inspection) damaged(err error) {
	if err != nil {
		in.Damage = append(in.Damage, err.Error())
	}
}

func (in *Inspection) read(visit func(raft.Entry)) error {
	db, err := openDB(in.Path, false, true)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }() // nothing was written
	in.damaged(verifyMeta(in.Path))
	in.damaged(guard(func() error { return in.readIdentity(db) }))
	in.damaged(guard(func() error { return in.readHardState(db) }))
	in.damaged(guard(func() error { return in.readRecord(db) }))
	if in.First, err = db.FirstIndex(); err != nil {
		return err
	}
	if in.Last, err = db.LastIndex(); err != nil || in.Last == 0 {
		return err
	}
	in.readEntries(db, visit)
	return nil
}

func (in *Inspection) readIdentity(db *raftboltdb.BoltStore) error {
	sealed, err := db.Get(keyIdentity)
	if err != nil {
		return fmt.Errorf("identity: %w", err)
	}
	b, err := unseal(sealed)
	if err != nil || len(b) < 12 {
		return fmt.Errorf("identity: %w", errChecksum)
	}
	in.Format, in.Node, in.Cluster = binary.BigEndian.Uint32(b), binary.BigEndian.Uint64(b[4:]), string(b[12:])
	return nil
}

func (in *Inspection) readRecord(db *raftboltdb.BoltStore) error {
	s := &Store{db: db, hard: in.HardState}
	err := s.loadRecord()
	in.Record = s.record
	return err
}

func (in *Inspection) readHardState(db *raftboltdb.BoltStore) error {
	b, err := db.Get(keyHardState)
	if err != nil {
		return fmt.Errorf("hard state: %w", err)
	}
	in.HardState, err = decodeHardState(b)
	return err
}

// readEntries goes on behind a damaged entry, but not behind a missing one: the
// last index may itself be what is damaged.
func (in *Inspection) readEntries(db logDB, visit func(raft.Entry)) {
	var term uint64
	for i := in.First; i <= in.Last && len(in.Damage) < maxDamage; i++ {
		var e raft.Entry
		err := guard(func() (err error) {
			e, err = loadEntry(db, i)
			return err
		})
		if err == nil && e.Term < term {
			err = fmt.Errorf("its term %d is below the one before", e.Term)
		}
		if err != nil {
			in.damaged(fmt.Errorf("entry %d: %w", i, err))
			if errors.Is(err, hraft.ErrLogNotFound) {
				return
			}
			continue
		}
		term = e.Term
		in.Entries++
		visit(e)
	}
	if term > in.HardState.Term {
		in.damaged(fmt.Errorf("entries of term %d are newer than the hard state's term %d", term, in.HardState.Term))
	}
}
