package disk

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// unmountPatience is how long a volume may be busy: a killed process closes its
// files before it is seen to have ended, but the kernel may be a moment behind.
const unmountPatience = 2 * time.Second

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
			return errors.Join(fmt.Errorf("unmount %s: %w", path, err), unix.Unmount(path, unix.MNT_DETACH))
		}
	}
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
