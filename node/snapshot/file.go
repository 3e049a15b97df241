package snapshot

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"raftkv/raft"
)

// File is one snapshot's file, wherever it lies and whosever it is, read to its
// end and found intact. One goroutine may use it. It must be closed.
type File struct {
	*verified
	// Cluster is the one whose state it is.
	Cluster string
}

// OpenFile opens and verifies a snapshot's file. It returns ErrCorrupt or
// ErrNewerFormat for one that cannot be used.
func OpenFile(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	v, cluster, err := checkAny(f)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), f.Close())
	}
	return &File{v, cluster}, nil
}

// OpenAt opens and verifies the snapshot of an index and term in this folder,
// whatever its members. It returns ErrNotFound or ErrCorrupt.
func (d *Dir) OpenAt(index, term uint64) (*File, error) {
	v, err := d.openVerified(index, term)
	if err != nil {
		return nil, err
	}
	return &File{v, d.cluster}, nil
}

// Info says what the file is.
func (f *File) Info() Info { return f.info() }

// State returns the state as it was written. Closing it closes the file.
func (f *File) State() (io.ReadCloser, error) { return f.state() }

// Raw returns the bytes of the whole file.
func (f *File) Raw() io.Reader { return io.NewSectionReader(f.File, 0, f.size) }

// Inspection is what can be said of one file, intact or not.
type Inspection struct {
	Info
	Cluster string
	// Damage is nil for an intact file. Where it is not, the rest is what the
	// file claims, as far as it could be read.
	Damage error
}

// Inspect reads a whole file and changes nothing. The error is that of opening
// it; damage is no error but part of the result.
func Inspect(path string) (Inspection, error) {
	f, err := os.Open(path)
	if err != nil {
		return Inspection{}, err
	}
	defer func() { _ = f.Close() }() // only read from
	info, err := f.Stat()
	if err != nil {
		return Inspection{}, err
	}
	v, cluster, err := checkAny(f)
	if err == nil {
		return Inspection{Info: v.info(), Cluster: cluster}, nil
	}
	in := Inspection{Info: Info{Path: path, Bytes: info.Size()}, Damage: err}
	if h, _, headErr := readHeader(io.NewSectionReader(f, 0, info.Size())); headErr == nil {
		in.Meta, in.Cluster = h.meta(), h.Cluster
	}
	return in, nil
}

// Files lists the snapshots' files of a data folder, the newest first, and
// changes nothing. None is no error.
func Files(dataDir string) ([]string, error) {
	d := &Dir{path: filepath.Join(dataDir, Folder)}
	names, err := d.names()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	paths := make([]string, len(names))
	for i, n := range names {
		paths[i] = d.file(n.index, n.term)
	}
	return paths, err
}

// Import makes the snapshot of another cluster, or of other members, the first
// of this folder: the state of f under the meta. It is durable when this returns.
func (d *Dir) Import(f *File, conf raft.ConfState) (Info, error) {
	state, err := f.State()
	if err != nil {
		return Info{}, err
	}
	defer func() { _ = state.Close() }()
	meta := raft.SnapshotMeta{Index: f.meta.Index, Term: f.meta.Term, Conf: conf}
	return d.Create(meta, func(w io.Writer) error {
		_, err := io.Copy(w, state)
		return err
	})
}
