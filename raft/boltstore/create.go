package boltstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const tempPattern = fileName + ".tmp-*"

// createIfAbsent makes an empty log, durably, unless there is one.
func createIfAbsent(o Options) error {
	if exists(o.path()) {
		return nil
	}
	if exists(filepath.Join(o.Dir, copyName)) {
		return fmt.Errorf("%w: the folder has a term and vote, but no log", ErrCorrupt)
	}
	if err := makeDir(filepath.Clean(o.Dir)); err != nil {
		return fmt.Errorf("create folder: %w", err)
	}
	// A process that was quicker made the file, and may have taken what this one
	// was making for a leftover; then there is nothing left to do.
	if err := create(o, promise{record: o.fresh()}); err != nil && !exists(o.path()) {
		return fmt.Errorf("create: %w", err)
	}
	return syncPath(o.Dir)
}

// create makes the file under a name of its own and links it into place when it
// is complete: a crash while bbolt lays out its first pages leaves a file that
// will not open. A link, unlike a rename, gives way to a file that is there.
func create(o Options, p promise) error {
	temp, err := createTemp(o, p)
	if err != nil {
		return err
	}
	return errors.Join(os.Link(temp, o.path()), os.Remove(temp))
}

// createTemp gives the path of a complete and synced file without entries. It
// holds a hard state from the start, so that a missing one is always damage.
func createTemp(o Options, p promise) (path string, err error) {
	f, err := os.CreateTemp(o.Dir, tempPattern)
	if err != nil {
		return "", err
	}
	if err := f.Close(); err != nil {
		return "", err
	}
	db, err := openDB(f.Name(), o.NoSync, false)
	if err != nil {
		return "", err
	}
	err = errors.Join(
		db.Set(keyIdentity, o.identity().encode()),
		db.Set(keyHardState, encodeHardState(p.hs)),
		db.Set(keyMembership, seal(p.record.Encode())),
		db.Close(),
	)
	if err != nil {
		return "", err
	}
	return f.Name(), syncPath(f.Name())
}

// removeLeftovers removes the unfinished files of crashed starts. The lock is
// held: who is still making one finds log.db there, removes it, and then finds
// the lock.
func removeLeftovers(dir string) error {
	paths, err := filepath.Glob(filepath.Join(dir, tempPattern))
	if err != nil {
		return err
	}
	for _, p := range paths {
		if err := os.Remove(p); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove what a crash left: %w", err)
		}
	}
	return nil
}

// makeDir is os.MkdirAll with every new name on disk when it returns.
func makeDir(dir string) error {
	if exists(dir) {
		return nil
	}
	parent := filepath.Dir(dir)
	if err := makeDir(parent); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncPath(parent)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// syncPath makes a file's contents, or a folder's names, durable.
func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
