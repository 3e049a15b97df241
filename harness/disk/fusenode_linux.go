package disk

import (
	"context"
	"fmt"
	"path/filepath"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// tearLeast is the smallest write that is torn: less than that is in one sector.
const tearLeast = 1024

// fuseNode is a file or folder of a troubled volume.
type fuseNode struct {
	fs.LoopbackNode
	v *troubled
}

// name is the path below the volume's root.
func (n *fuseNode) name() string { return n.Path(n.Root()) }

// WrapChild implements fs.NodeWrapChilder: what is below is of this kind too.
func (n *fuseNode) WrapChild(context.Context, fs.InodeEmbedder) fs.InodeEmbedder {
	return &fuseNode{LoopbackNode: fs.LoopbackNode{RootData: n.RootData}, v: n.v}
}

// Create implements fs.NodeCreater.
func (n *fuseNode) Create(ctx context.Context, name string, flags, mode uint32, out *fuse.EntryOut) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	path := filepath.Join(n.name(), name)
	if errno := n.v.change(path, "create"); errno != 0 {
		return nil, nil, 0, errno
	}
	inode, h, fl, errno := n.LoopbackNode.Create(ctx, name, flags, mode, out)
	if errno != 0 {
		return nil, nil, 0, errno
	}
	return inode, n.v.wrap(h, path), fl, 0
}

// Open implements fs.NodeOpener.
func (n *fuseNode) Open(ctx context.Context, flags uint32) (fs.FileHandle, uint32, syscall.Errno) {
	h, fl, errno := n.LoopbackNode.Open(ctx, flags)
	if errno != 0 {
		return nil, 0, errno
	}
	return n.v.wrap(h, n.name()), fl, 0
}

// Mkdir implements fs.NodeMkdirer.
func (n *fuseNode) Mkdir(ctx context.Context, name string, mode uint32, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	if errno := n.v.change(filepath.Join(n.name(), name), "mkdir"); errno != 0 {
		return nil, errno
	}
	return n.LoopbackNode.Mkdir(ctx, name, mode, out)
}

// Rename implements fs.NodeRenamer.
func (n *fuseNode) Rename(ctx context.Context, name string, parent fs.InodeEmbedder, newName string, flags uint32) syscall.Errno {
	if errno := n.v.change(filepath.Join(n.name(), name), "rename"); errno != 0 {
		return errno
	}
	return n.LoopbackNode.Rename(ctx, name, parent, newName, flags)
}

// Link implements fs.NodeLinker.
func (n *fuseNode) Link(ctx context.Context, target fs.InodeEmbedder, name string, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	if errno := n.v.change(filepath.Join(n.name(), name), "link"); errno != 0 {
		return nil, errno
	}
	return n.LoopbackNode.Link(ctx, target, name, out)
}

// OpendirHandle implements fs.NodeOpendirHandler.
func (n *fuseNode) OpendirHandle(ctx context.Context, flags uint32) (fs.FileHandle, uint32, syscall.Errno) {
	h, fl, errno := n.LoopbackNode.OpendirHandle(ctx, flags)
	if d, ok := h.(dirHandle); ok && errno == 0 {
		f := &fuseDir{d, n.v.opened(n.name(), func() { d.Releasedir(context.Background(), 0) })}
		return f, fl, 0
	}
	return h, fl, errno
}

// handle is an open file or folder of a troubled volume.
type handle struct {
	v     *troubled
	path  string
	close func()
}

// opened notes a handle; close is safe to be called twice.
func (v *troubled) opened(path string, close func()) *handle {
	h := &handle{v, path, close}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.open[h] = struct{}{}
	return h
}

func (h *handle) release() {
	h.v.mu.Lock()
	delete(h.v.open, h)
	h.v.mu.Unlock()
	h.close()
}

// dirHandle is what an open folder can do.
type dirHandle interface {
	fs.FileReaddirenter
	fs.FileReleasedirer
	fs.FileSeekdirer
	fs.FileFsyncdirer
}

type fuseDir struct {
	dirHandle
	h *handle
}

// Releasedir implements fs.FileReleasedirer.
func (d *fuseDir) Releasedir(context.Context, uint32) { d.h.release() }

// Fsyncdir implements fs.FileFsyncdirer.
func (d *fuseDir) Fsyncdir(ctx context.Context, flags uint32) syscall.Errno {
	if errno := d.h.v.syncing(d.h.path); errno != 0 {
		return errno
	}
	return d.dirHandle.Fsyncdir(ctx, flags)
}

type fuseFile struct {
	*fs.LoopbackFile
	h *handle
}

func (v *troubled) wrap(h fs.FileHandle, path string) fs.FileHandle {
	f, ok := h.(*fs.LoopbackFile)
	if !ok {
		return h
	}
	return &fuseFile{f, v.opened(path, func() { f.Release(context.Background()) })}
}

// PassthroughFd implements fs.FilePassthroughFder: the kernel must not go past
// this program.
func (f *fuseFile) PassthroughFd() (int, bool) { return 0, false }

// Flush implements fs.FileFlusher. There is nothing to do: what is written is below at
// once. The library would duplicate the descriptor for a moment, in a way that a
// process which is started meanwhile inherits it; a node would then hold the disk of
// another, and the power of that could not be restored (brutal, seed 236595).
func (f *fuseFile) Flush(context.Context) syscall.Errno { return 0 }

// Release implements fs.FileReleaser.
func (f *fuseFile) Release(context.Context) syscall.Errno {
	f.h.release()
	return 0
}

// Fsync implements fs.FileFsyncer.
func (f *fuseFile) Fsync(ctx context.Context, flags uint32) syscall.Errno {
	if errno := f.h.v.syncing(f.h.path); errno != 0 {
		return errno
	}
	return f.LoopbackFile.Fsync(ctx, flags)
}

// Write implements fs.FileWriter.
func (f *fuseFile) Write(ctx context.Context, data []byte, off int64) (uint32, syscall.Errno) {
	if f.h.v.tears(f.h.path, len(data), off) {
		half := len(data) / 2 &^ 511
		_, _ = f.LoopbackFile.Write(ctx, data[:half], off) // the disk of a dying machine
		_ = f.LoopbackFile.Fsync(ctx, 0)
		return 0, syscall.EIO
	}
	if errno := f.h.v.change(f.h.path, "write"); errno != 0 {
		return 0, errno
	}
	return f.LoopbackFile.Write(ctx, data, off)
}

// hit notes, with the lock held, a call that is changed, unless it is a probe's.
func (v *troubled) hit(path, format string, args ...any) {
	if path == probeName {
		return
	}
	v.hits.Calls++
	v.hits.Last = fmt.Sprintf(format, args...)
}

// tears says whether this write is the one that is torn.
func (v *troubled) tears(path string, size int, off int64) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.trouble.Tear || v.torn || size < tearLeast || path == probeName {
		return false
	}
	v.torn = true
	v.hit(path, "of %d bytes written at %d of %s, %d are on disk", size, off, path, size/2&^511)
	return true
}

// change says what something that changes a file fails with.
func (v *troubled) change(path, what string) syscall.Errno {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.torn {
		return syscall.EIO
	}
	if e := v.trouble.WriteError; e != 0 {
		v.hit(path, "%s of %s gave %s", what, path, ErrnoName(e))
		return e
	}
	return 0
}

// syncing waits as long as syncs take, and says what one fails with.
func (v *troubled) syncing(path string) syscall.Errno {
	v.mu.Lock()
	t, torn := v.trouble, v.torn
	switch {
	case torn:
	case t.SyncError != 0:
		v.hit(path, "sync of %s gave %s", path, ErrnoName(t.SyncError))
	case t.SyncDelay > 0:
		v.hit(path, "sync of %s took %s longer", path, t.SyncDelay)
	}
	v.mu.Unlock()
	if torn {
		return syscall.EIO
	}
	// It waits also for a caller that a signal interrupts: one that was killed waits
	// no more, and one that was only stopped (SIGSTOP) would take EINTR for a failure
	// of its disk, which no disk has.
	time.Sleep(t.SyncDelay)
	return t.SyncError
}
