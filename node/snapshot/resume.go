package snapshot

import (
	"fmt"
	"sync"

	"raftkv/raft"
)

// broken is a transfer that broke off, kept until it is taken up again, another
// begins, or a snapshot as new is there. One at the most, and not beyond the
// process: Open removes what an earlier one left.
type broken struct {
	mu sync.Mutex
	in *Incoming
}

// keep replaces what was kept.
func (b *broken) keep(in *Incoming) {
	b.mu.Lock()
	old := b.in
	b.in = in
	b.mu.Unlock()
	if old != nil {
		_ = old.discard() // what cannot be removed goes at the next Open
	}
}

// forget drops what is of no use beside a snapshot at index.
func (b *broken) forget(index uint64) {
	b.mu.Lock()
	old := b.in
	if old != nil && old.meta.Index > index {
		old = nil
	}
	if old != nil {
		b.in = nil
	}
	b.mu.Unlock()
	if old != nil {
		_ = old.discard()
	}
}

// take gives out what is kept of meta if it has so many bytes.
func (b *broken) take(meta raft.SnapshotMeta, held int64) *Incoming {
	b.mu.Lock()
	defer b.mu.Unlock()
	in := b.in
	if in == nil || !sameMeta(in.meta, meta) || in.written != held {
		return nil
	}
	b.in = nil
	return in
}

// Suspend keeps what has arrived, for Resume. After Commit or Abort it does
// nothing.
func (in *Incoming) Suspend() {
	if in.closed {
		return
	}
	// As another value: who resumes it must not have it aborted by who suspended it.
	kept := *in
	in.closed = true
	in.dir.broken.keep(&kept)
}

// Held is how many bytes are kept of the snapshot of meta.
func (d *Dir) Held(meta raft.SnapshotMeta) int64 {
	d.broken.mu.Lock()
	defer d.broken.mu.Unlock()
	if in := d.broken.in; in != nil && sameMeta(in.meta, meta) {
		return in.written
	}
	return 0
}

// Resume goes on with a transfer that was suspended after held bytes. It returns
// ErrNotFound when that is not what is kept (any more). That the bytes still to
// come are of the same file is not known before Commit, which verifies it all.
func (d *Dir) Resume(meta raft.SnapshotMeta, held int64) (*Incoming, error) {
	in := d.broken.take(meta, held)
	if in == nil {
		return nil, fmt.Errorf("resume snapshot %d after %d bytes: %w", meta.Index, held, ErrNotFound)
	}
	return in, nil
}
