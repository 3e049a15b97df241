package disk

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// unmountPatience is how long a volume may be busy: a killed process closes its
// files before it is seen to have ended, but the kernel may be a moment behind.
const unmountPatience = 2 * time.Second

// detachPatience is how long others may hold on to a volume that is unmounted.
const detachPatience = 6 * time.Second

// command runs a program and gives what it said as the error.
func command(name string, args ...string) error {
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, bytes.TrimSpace(out))
	}
	return nil
}

// unmount unmounts path; nothing mounted there is no error. A volume that stays
// busy is detached from its name, so that it goes with its last user, and that
// is an error.
func unmount(path string) error {
	for late := time.Now().Add(unmountPatience); ; time.Sleep(10 * time.Millisecond) {
		err := unix.Unmount(path, 0)
		switch {
		case err == nil, errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENOENT):
			return nil
		case !errors.Is(err, unix.EBUSY) || time.Now().After(late):
			return errors.Join(fmt.Errorf("unmount %s, which %s holds: %w", path, holders(path), err), unix.Unmount(path, unix.MNT_DETACH))
		}
	}
}

// holders names what of which processes is below path.
func holders(path string) string {
	var found []string
	for _, pattern := range []string{"/proc/[0-9]*/fd/*", "/proc/[0-9]*/cwd", "/proc/[0-9]*/map_files/*"} {
		links, _ := filepath.Glob(pattern) // the pattern is well-formed
		for _, l := range links {
			if to, err := os.Readlink(l); err == nil && strings.HasPrefix(to+"/", path+"/") {
				found = append(found, l+" "+to)
			}
		}
	}
	if len(found) == 0 {
		return "nobody seen in /proc"
	}
	return strings.Join(found[:min(len(found), 5)], ", ")
}

// awaitDetached waits until no loop device has the image. A program that gets a
// mount namespace of its own, such as a container that starts, has a copy of our
// mounts for a moment, and with it the file system whose power was cut: to mount
// the image meanwhile would give that again.
func awaitDetached(image string) error {
	for late := time.Now().Add(detachPatience); attached(image); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(late) {
			return fmt.Errorf("%s is still mounted in another namespace after %s", image, detachPatience)
		}
	}
	return nil
}

// attached says whether a loop device has the image.
func attached(image string) bool {
	names, _ := filepath.Glob("/sys/block/loop*/loop/backing_file") // the pattern is well-formed
	return slices.ContainsFunc(names, func(name string) bool {
		b, err := os.ReadFile(name)
		return err == nil && string(bytes.TrimSpace(b)) == image
	})
}

// unmountBelow unmounts whatever is mounted below root, the last mounted first,
// and detaches what is busy: its owner is dead or done.
func unmountBelow(root string) error {
	b, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return err
	}
	var errs []error
	for _, line := range slices.Backward(strings.Split(string(b), "\n")) {
		fields := strings.Fields(line)
		if len(fields) < 5 || !strings.HasPrefix(fields[4], root+"/") {
			continue
		}
		if err := unix.Unmount(fields[4], unix.MNT_DETACH); err != nil && !errors.Is(err, unix.EINVAL) {
			errs = append(errs, fmt.Errorf("unmount %s: %w", fields[4], err))
		}
	}
	return errors.Join(errs...)
}
