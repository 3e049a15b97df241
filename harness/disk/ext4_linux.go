package disk

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"

	"golang.org/x/sys/unix"
)

const (
	// ext4Size is the size of a volume. The image has holes: it takes the room
	// that the node uses.
	ext4Size = 512 << 20
	// trialSize is enough for the volume that Available tries.
	trialSize = 8 << 20
	// ioctlShutdown is EXT4_IOC_SHUTDOWN; noLogFlush drops the journal's
	// transaction that is not on disk yet.
	ioctlShutdown = 0x8004587d
	noLogFlush    = 2
)

// The canary is a file beside the node's data. It is synced with one text, and
// overwritten with the other just before the power goes. The other is as long: a size
// that grew may be on disk without the bytes, if ext4 commits its journal meanwhile.
const (
	canaryName  = "canary"
	canaryKept  = "was synced\n"
	canarySpoil = "not synced\n"
)

// ext4 is a mounted image.
type ext4 struct {
	image, root string
}

// newExt4 makes an image beside path, and mounts it at path.
func newExt4(path string, size int64) (Volume, error) {
	v := &ext4{image: path + ".img", root: path}
	if err := v.make(size); err != nil {
		return nil, errors.Join(fmt.Errorf("make an ext4 volume: %w", err), v.close())
	}
	return v, nil
}

func (v *ext4) make(size int64) error {
	if err := os.Mkdir(v.root, 0o755); err != nil {
		return err
	}
	if err := errors.Join(os.WriteFile(v.image, nil, 0o600), os.Truncate(v.image, size)); err != nil {
		return err
	}
	if err := command("mkfs.ext4", "-q", "-m", "0", v.image); err != nil {
		return err
	}
	if err := v.mount(); err != nil {
		return err
	}
	return v.writeCanary(canaryKept, true)
}

// mount lets mount find a free loop device; it is detached with the unmount.
func (v *ext4) mount() error {
	return command("mount", "-t", "ext4", "-o", "loop,noatime", v.image, v.root)
}

// Dir implements Volume.
func (v *ext4) Dir() string { return filepath.Join(v.root, "data") }

// CutPower implements Volume. The canary is spoilt first, without a sync: if
// that were there afterwards, nothing would have been lost.
func (v *ext4) CutPower() error {
	if err := v.writeCanary(canarySpoil, false); err != nil {
		return fmt.Errorf("cut the power: %w", err)
	}
	if err := shutdown(v.root); err != nil {
		return fmt.Errorf("cut the power: %w", err)
	}
	err := os.WriteFile(filepath.Join(v.root, "after"), nil, 0o600)
	if !errors.Is(err, unix.EIO) {
		return fmt.Errorf("cut the power: a write after it gave %v in place of EIO", err)
	}
	return nil
}

func shutdown(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = unix.IoctlSetPointerInt(int(f.Fd()), ioctlShutdown, noLogFlush)
	return errors.Join(err, f.Close())
}

// Restore implements Volume.
func (v *ext4) Restore() (string, error) {
	if err := unmount(v.root); err != nil {
		return "", fmt.Errorf("restore power: %w", err)
	}
	if err := awaitDetached(v.image); err != nil {
		return "", fmt.Errorf("restore power: %w", err)
	}
	if err := v.mount(); err != nil {
		return "", fmt.Errorf("restore power: %w", err)
	}
	got, err := os.ReadFile(v.canary())
	if err != nil || string(got) != canaryKept {
		return "", fmt.Errorf("restore power: the file that %s now says %q (%v)", canaryKept[:len(canaryKept)-1], got, err)
	}
	return "EIO at once; mounted anew, what was synced is there and what was not is gone", nil
}

// Ready implements Volume.
func (v *ext4) Ready() error {
	if _, err := os.Stat(v.canary()); err != nil {
		return fmt.Errorf("its disk is not mounted: %w", err)
	}
	return nil
}

func (v *ext4) canary() string { return filepath.Join(v.root, canaryName) }

// writeCanary overwrites the canary in place.
func (v *ext4) writeCanary(text string, sync bool) error {
	f, err := os.OpenFile(v.canary(), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err == nil && sync {
		err = errors.Join(f.Truncate(int64(len(text))), f.Sync(), syncDir(v.root))
	}
	return errors.Join(err, f.Close())
}

func syncDir(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func (v *ext4) close() error {
	return errors.Join(unmount(v.root), os.RemoveAll(v.root), os.RemoveAll(v.image))
}

// ext4Works makes a small volume and cuts its power, once a process.
var ext4Works = sync.OnceValue(func() error {
	if os.Geteuid() != 0 {
		return fmt.Errorf("%w: mounting an ext4 volume needs root", ErrUnavailable)
	}
	for _, program := range []string{"mkfs.ext4", "mount"} {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("%w: there is no %s", ErrUnavailable, program)
		}
	}
	return try(newExt4)
})

// fuseWorks is the same for the FUSE file system above it.
var fuseWorks = sync.OnceValue(func() error {
	if err := ext4Works(); err != nil {
		return err
	}
	return try(newFuse)
})

// try makes a small volume, cuts its power and removes it.
func try(make func(path string, size int64) (Volume, error)) error {
	if err := trial(make); err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return nil
}

func trial(make func(path string, size int64) (Volume, error)) error {
	root, err := newRoot()
	if err != nil {
		return err
	}
	v, err := make(filepath.Join(root, "trial"), trialSize)
	if err != nil {
		return errors.Join(err, removeRoot(root))
	}
	err = v.CutPower()
	if err == nil {
		_, err = v.Restore()
	}
	return errors.Join(err, v.close(), removeRoot(root))
}
