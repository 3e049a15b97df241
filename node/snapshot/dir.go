package snapshot

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"raftkv/raft"
)

const (
	// Folder is the name of the snapshots' folder in a data folder.
	Folder     = "snapshots"
	suffix     = ".snap"
	tempSuffix = ".tmp"
	nameFormat = "%016x-%016x" + suffix
)

// Info describes one snapshot on disk.
type Info struct {
	Meta  raft.SnapshotMeta
	Path  string
	Bytes int64
}

// Dir is a node's folder of snapshots. Its methods may be called from several
// goroutines; Create and Receive of one index and term at once leave one file,
// whole.
type Dir struct {
	path    string
	cluster string
	disk    disk
	broken  broken
}

// Open makes the folder DATA/snapshots if need be and removes the unfinished
// files of an earlier process. The caller must hold the data folder's lock.
func Open(dataDir, clusterID string) (*Dir, error) {
	d := &Dir{path: filepath.Join(dataDir, Folder), cluster: clusterID, disk: osDisk{}}
	if err := os.Mkdir(d.path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("create snapshot folder: %w", err)
	}
	if err := d.disk.syncDir(dataDir); err != nil {
		return nil, fmt.Errorf("create snapshot folder: %w", err)
	}
	if err := d.removeLeftovers(); err != nil {
		return nil, fmt.Errorf("remove what a crash left: %w", err)
	}
	return d, nil
}

func (d *Dir) removeLeftovers() error {
	paths, err := filepath.Glob(filepath.Join(d.path, "*"+suffix+tempSuffix))
	if err != nil {
		return err
	}
	for _, p := range paths {
		if err := os.Remove(p); err != nil {
			return err
		}
	}
	return nil
}

// Latest returns the newest snapshot, verified from its first byte to its last;
// false if there is none at all. It returns ErrCorrupt, ErrNewerFormat or
// ErrWrongCluster for a newest one that cannot be used, however many older ones
// there are.
func (d *Dir) Latest() (Info, bool, error) {
	names, err := d.names()
	if err != nil || len(names) == 0 {
		return Info{}, false, err
	}
	f, err := d.openVerified(names[0].index, names[0].term)
	if err != nil {
		return Info{}, false, err
	}
	return f.info(), true, f.Close()
}

// Retain deletes all but the newest n snapshots, of which n must be at least 1,
// and the one at inUse, which newer ones may have arrived behind.
func (d *Dir) Retain(n int, inUse raft.SnapshotMeta) error {
	d.broken.forget(inUse.Index)
	names, err := d.names()
	if err != nil {
		return err
	}
	for _, old := range names[min(max(n, 1), len(names)):] {
		if old == (name{inUse.Index, inUse.Term}) {
			continue
		}
		if err := os.Remove(d.file(old.index, old.term)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("delete old snapshot: %w", err)
		}
	}
	return nil
}

// name is what a file's name says.
type name struct{ index, term uint64 }

// names lists the snapshots by their files' names, the newest first.
func (d *Dir) names() ([]name, error) {
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return nil, fmt.Errorf("list snapshots: %w", err)
	}
	var names []name
	for _, e := range entries {
		var n name
		_, err := fmt.Sscanf(e.Name(), nameFormat, &n.index, &n.term)
		if err == nil && filepath.Base(d.file(n.index, n.term)) == e.Name() {
			names = append(names, n)
		}
	}
	slices.SortFunc(names, func(a, b name) int {
		return cmp.Or(cmp.Compare(b.index, a.index), cmp.Compare(b.term, a.term))
	})
	return names, nil
}

func (d *Dir) file(index, term uint64) string {
	return filepath.Join(d.path, fmt.Sprintf(nameFormat, index, term))
}

// Size is how many bytes the folder's files have, unfinished ones too; 0 if it
// cannot be read. It may be called from any goroutine.
func (d *Dir) Size() (bytes int64) {
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return 0
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil { // it may have gone meanwhile
			bytes += info.Size()
		}
	}
	return bytes
}
