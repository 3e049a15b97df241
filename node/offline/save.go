package offline

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"raftkv/node/snapshot"
)

// ErrNoSnapshot reports a folder that has only a log so far. What of a log is
// committed, one node's folder does not say, so there is nothing to save.
var ErrNoSnapshot = errors.New("the folder has no snapshot yet; start the node and take a backup instead")

// Save copies the newest snapshot of a stopped node's folder to a new file,
// which is durable when this returns. Writes since that snapshot are not in it.
// A damaged newest snapshot is an error, however many older ones there are. It
// returns boltstore.ErrLocked, ErrNoFolder, ErrNoSnapshot, snapshot.ErrCorrupt or
// fs.ErrExist.
func Save(dataDir, to string) (Snapshot, error) {
	release, paths, err := open(dataDir)
	if err != nil {
		return Snapshot{}, err
	}
	defer release()
	if len(paths) == 0 {
		return Snapshot{}, fmt.Errorf("save %s: %w", dataDir, ErrNoSnapshot)
	}
	if _, err := Verify(paths[0]); err != nil {
		return Snapshot{}, err
	}
	f, err := snapshot.OpenFile(paths[0])
	if err != nil {
		return Snapshot{}, err
	}
	defer func() { _ = f.Close() }() // only read from
	return WriteFile(to, func(w io.Writer) error {
		_, err := io.Copy(w, f.Raw())
		return err
	})
}

// WriteFile makes a new snapshot's file of what write gives, which is verified
// before it gets its name and durable when this returns. Of a failure nothing
// stays. It returns fs.ErrExist rather than replace a file.
func WriteFile(path string, write func(io.Writer) error) (Snapshot, error) {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return Snapshot{}, fmt.Errorf("write %s: %w", path, fs.ErrExist)
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".tmp-*")
	if p, ok := errors.AsType[*fs.PathError](err); ok { // which names the file for the time being
		return Snapshot{}, fmt.Errorf("write %s: %w", path, p.Err)
	}
	if err != nil {
		return Snapshot{}, err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	if err := errors.Join(write(f), f.Sync(), f.Close()); err != nil {
		return Snapshot{}, err
	}
	s, err := Verify(f.Name())
	if err != nil {
		return Snapshot{}, err
	}
	s.Path = path
	// A link, unlike a rename, gives way to a file that came meanwhile.
	return s, errors.Join(os.Link(f.Name(), path), syncDir(filepath.Dir(path)))
}

// syncDir makes a folder's names durable.
func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
