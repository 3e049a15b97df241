package snapshot

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"raftkv/node/failpoint"
	"raftkv/raft"
)

// Incoming is a snapshot on its way from a peer. It belongs to one goroutine,
// and to nobody once committed or aborted.
type Incoming struct {
	dir           *Dir
	meta          raft.SnapshotMeta
	f             *os.File
	written       int64
	named, closed bool
}

// Receive starts to take in the file of a snapshot that a peer announced as
// meta. Abort or Commit must follow.
func (d *Dir) Receive(meta raft.SnapshotMeta) (*Incoming, error) {
	d.broken.forget(meta.Index)
	in, err := d.temp(meta)
	if err != nil {
		return nil, fmt.Errorf("receive snapshot %d: %w", meta.Index, err)
	}
	return in, nil
}

func (d *Dir) temp(meta raft.SnapshotMeta) (*Incoming, error) {
	base := filepath.Base(d.file(meta.Index, meta.Term))
	f, err := os.CreateTemp(d.path, base[:len(base)-len(suffix)]+"-*"+suffix+tempSuffix)
	if err != nil {
		return nil, err
	}
	return &Incoming{dir: d, meta: meta, f: f}, nil
}

// Write takes the next bytes of the file.
func (in *Incoming) Write(p []byte) (int, error) {
	n, err := in.f.Write(p)
	in.written += int64(n)
	return n, err
}

// Commit verifies that all arrived intact and is the announced snapshot of this
// cluster, and makes the file durable under its name. After an error nothing is
// left of it.
func (in *Incoming) Commit() (Info, error) {
	defer in.discard()
	if err := in.dir.verify(in.f, in.meta); err != nil {
		return Info{}, fmt.Errorf("receive snapshot %d: %w", in.meta.Index, err)
	}
	info, err := in.publish()
	if err != nil {
		return Info{}, fmt.Errorf("receive snapshot %d: %w", in.meta.Index, err)
	}
	return info, nil
}

// verify checks a whole file and that it is the snapshot of meta.
func (d *Dir) verify(f *os.File, meta raft.SnapshotMeta) error {
	v, err := d.check(f)
	if err == nil && !sameMeta(v.meta, meta) {
		err = fmt.Errorf("%w: it is of %+v, not %+v", ErrCorrupt, v.meta, meta)
	}
	return err
}

// Abort drops what has arrived. After Commit or Suspend it does nothing, so it
// can be deferred.
func (in *Incoming) Abort() error { return in.discard() }

// publish gives the file its name: contents first, then the name, then the
// folder that holds the name.
func (in *Incoming) publish() (Info, error) {
	size, err := in.f.Seek(0, io.SeekEnd)
	if err != nil {
		return Info{}, err
	}
	if err := in.dir.disk.sync(in.f); err != nil {
		return Info{}, err
	}
	path := in.dir.file(in.meta.Index, in.meta.Term)
	failpoint.At(failpoint.RenameBefore)
	if err := in.dir.disk.rename(in.f.Name(), path); err != nil {
		return Info{}, err
	}
	failpoint.At(failpoint.RenameAfter)
	in.named = true
	return Info{Meta: in.meta, Path: path, Bytes: size}, in.dir.disk.syncDir(in.dir.path)
}

// discard closes the file and removes it unless it has its name by now.
func (in *Incoming) discard() error {
	if in.closed {
		return nil
	}
	in.closed = true
	err := in.f.Close()
	if !in.named {
		err = errors.Join(err, os.Remove(in.f.Name()))
	}
	return err
}
