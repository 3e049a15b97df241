package boltstore

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"time"

	raftboltdb "github.com/hashicorp/raft-boltdb/v2"
	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"raftkv/raft/membership"
)

const (
	fileName = "log.db"
	// lockWait is how long a process that is just ending may hold the lock.
	lockWait = time.Second
	// mapSize avoids mapping the file anew as it grows; it is address space only.
	mapSize = 1 << 30
)

var (
	keyIdentity  = []byte("identity")
	keyHardState = []byte("hardstate")
	// keyMembership holds what the folder says of its part in a cluster; keyFounders
	// is what stood there in format 1.
	keyMembership = []byte("membership")
	keyFounders   = []byte("founders")
)

// Options say which folder to open, and whose it must be.
type Options struct {
	// Dir is the node's data folder. It is created if absent.
	Dir       string
	ClusterID string
	NodeID    uint64
	// Incarnation is that of the folder if it has none yet: drawn anew at each
	// call, so that no two folders share one. A folder that exists keeps its own.
	Incarnation uint64
	// Origin is what a folder that is made begins from; see membership.Record.
	Origin uint64
	// NoSync leaves out every fsync. For tests only: a crash loses or breaks the log.
	NoSync bool
}

func (o Options) path() string { return filepath.Join(o.Dir, fileName) }

func (o Options) identity() identity {
	return identity{format: formatVersion, node: o.NodeID, cluster: o.ClusterID}
}

// fresh is the record of a folder that is made now.
func (o Options) fresh() membership.Record {
	return membership.Record{Incarnation: o.Incarnation, Origin: o.Origin}
}

// Open takes the folder for this process, creates the log if there is none, and
// verifies all of it. Recover must follow before anything is written. It returns
// ErrLocked, ErrWrongCluster, ErrWrongNode, ErrNewerFormat or ErrCorrupt, each
// in one line for the user.
func Open(o Options) (*Store, error) {
	s, err := open(o)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", o.path(), err)
	}
	return s, nil
}

func open(o Options) (*Store, error) {
	if err := createIfAbsent(o); err != nil {
		return nil, err
	}
	if err := inspect(o); err != nil {
		return nil, err
	}
	s := &Store{path: o.path(), opts: o}
	if err := guard(func() error { return s.openForWriting(o) }); err != nil {
		return nil, err
	}
	// Again, under the lock: between the two another process may have been here.
	err := errors.Join(guard(s.load), removeLeftovers(o.Dir))
	if err == nil {
		err = s.migrate()
	}
	if err != nil {
		return nil, errors.Join(err, s.db.Close())
	}
	return s, nil
}

// openForWriting lets bbolt look for free pages, which walks over all others:
// pages that inspect had no reason to read may be damaged too.
func (s *Store) openForWriting(o Options) error {
	db, err := openDB(o.path(), o.NoSync, false)
	if err == nil {
		s.db = db
	}
	return err
}

// inspect verifies the whole file without a write, so that a folder that is not
// ours or is damaged stays as it is: opening for writing already changes it, and
// bbolt meets some kinds of damage with a panic on a goroutine of its own.
func inspect(o Options) error {
	info, err := os.Stat(o.path())
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return errors.New("it is not a regular file")
	case info.Size() == 0: // bbolt would take it for new
		return fmt.Errorf("%w: the file is empty", ErrCorrupt)
	}
	return guard(func() error {
		db, err := openDB(o.path(), o.NoSync, true)
		if err != nil {
			return err
		}
		err = verifyMeta(o.path())
		if err == nil {
			err = verifyIdentity(db, o.identity())
		}
		if err == nil {
			err = (&Store{db: db, opts: o}).load()
		}
		return errors.Join(err, db.Close())
	})
}

func verifyIdentity(db logDB, id identity) error {
	encoded, err := db.Get(keyIdentity)
	if err != nil {
		return fmt.Errorf("%w: identity: %w", ErrCorrupt, err)
	}
	return id.verify(encoded)
}

// openDB opens the file with the options that keep commits short when much has
// been deleted.
func openDB(path string, noSync, readOnly bool) (*raftboltdb.BoltStore, error) {
	db, err := raftboltdb.New(raftboltdb.Options{
		Path:                    path,
		NoSync:                  noSync,
		MsgpackUseNewTimeFormat: true,
		BoltOptions: &bbolt.Options{
			Timeout:         lockWait,
			NoFreelistSync:  true,
			FreelistType:    bbolt.FreelistMapType,
			InitialMmapSize: mapSize,
			ReadOnly:        readOnly,
		},
	})
	if err != nil {
		return nil, explain(err)
	}
	return db, nil
}

// explain tells a folder in use and an operating system's refusal from what
// bbolt thinks of the contents.
func explain(err error) error {
	var errno syscall.Errno
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return ErrLocked
	case errors.As(err, &errno):
		return err
	}
	return fmt.Errorf("%w: %w", ErrCorrupt, err)
}

// guard turns the panics by which bbolt and the memory map answer damage, such
// as a file that ends before its pages do, into ErrCorrupt.
func guard(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", ErrCorrupt, r)
		}
	}()
	return f()
}
