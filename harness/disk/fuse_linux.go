package disk

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// probeName is the file that Probe writes, in the root of a FUSE volume.
const probeName = "probe"

// troubled is a FUSE file system, served by this process, over a folder of an
// ext4 volume.
type troubled struct {
	Volume        // the ext4 below
	root   string // where the FUSE file system is mounted
	server *fuse.Server

	mu      sync.Mutex
	trouble Trouble
	torn    bool // Tear has struck
	hits    Hits
	// open are the handles that the kernel has not released. Some it never does:
	// when the file system goes, word of a close may still be on its way.
	open map[*handle]struct{}
}

// newFuse makes the ext4 volume at path and mounts the other beside it.
func newFuse(path string, size int64) (Volume, error) {
	below, err := newExt4(path, size)
	if err != nil {
		return nil, err
	}
	v := &troubled{Volume: below, root: path + ".fuse", open: map[*handle]struct{}{}}
	err = errors.Join(os.Mkdir(v.backing(), 0o755), syncDir(filepath.Dir(v.backing())), os.Mkdir(v.root, 0o755))
	if err == nil {
		err = v.serve()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make a FUSE volume: %w", err), v.close())
	}
	return v, nil
}

// backing is the folder that the FUSE file system shows.
func (v *troubled) backing() string { return v.Volume.Dir() }

// Dir implements Volume.
func (v *troubled) Dir() string { return filepath.Join(v.root, "data") }

// Behind implements Troubled.
func (v *troubled) Behind() string { return filepath.Join(v.backing(), "data") }

// serve mounts the file system. Nothing is cached but file contents, which the
// kernel drops when a file is opened: what is changed behind is seen.
func (v *troubled) serve() error {
	data := &fs.LoopbackRoot{Path: v.backing()}
	root := &fuseNode{LoopbackNode: fs.LoopbackNode{RootData: data}, v: v}
	data.RootNode = root
	server, err := fs.Mount(v.root, root, &fs.Options{MountOptions: fuse.MountOptions{
		DirectMountStrict: true, FsName: "raftkv-disk", Name: "raftkv", DisableXAttrs: true,
	}})
	if err != nil {
		return fmt.Errorf("mount: %w", err)
	}
	v.server = server
	return nil
}

// Restore implements Volume: both file systems are mounted anew.
func (v *troubled) Restore() (string, error) {
	if err := v.stop(); err != nil {
		return "", fmt.Errorf("restore power: %w", err)
	}
	seen, err := v.Volume.Restore()
	if err != nil {
		return "", err
	}
	return seen, v.serve()
}

// Ready implements Volume.
func (v *troubled) Ready() error {
	if v.server == nil {
		return errors.New("its FUSE file system is not mounted")
	}
	return v.Volume.Ready()
}

// stop unmounts the FUSE file system, which ends its server.
func (v *troubled) stop() error {
	if v.server == nil {
		return nil
	}
	if err := unmount(v.root); err != nil {
		return err
	}
	v.server.Wait()
	v.server = nil
	v.releaseAll()
	return nil
}

// releaseAll closes what is open below, which would keep it from an unmount.
func (v *troubled) releaseAll() {
	v.mu.Lock()
	left := slices.Collect(maps.Keys(v.open))
	v.mu.Unlock()
	for _, h := range left {
		h.release()
	}
}

func (v *troubled) close() error {
	return errors.Join(v.stop(), os.RemoveAll(v.root), v.Volume.close())
}

// Make implements Troubled.
func (v *troubled) Make(t Trouble) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.trouble, v.torn, v.hits = t, false, Hits{}
}

// Hits implements Troubled.
func (v *troubled) Hits() Hits {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.hits
}

// Probe implements Troubled.
func (v *troubled) Probe() (p Probe) {
	f, err := os.OpenFile(filepath.Join(v.root, probeName), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return Probe{WriteErr: err, SyncErr: err}
	}
	_, p.WriteErr = f.WriteString("probe\n")
	start := time.Now()
	p.SyncErr = f.Sync()
	p.Sync = time.Since(start)
	_ = f.Close() // nothing is left to be written
	return p
}
