package disk

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"raftkv/harness/owner"
)

// ownerFile, in a run's folder, says whose it is.
const ownerFile = "owner.json"

// Set is the volumes of one cluster.
type Set struct {
	root    string
	volumes map[int]Volume
}

// Open makes a volume for each id, after removing what dead runs left behind.
// The caller closes it. The error wraps ErrUnavailable if the host cannot.
func Open(k Kind, ids []int) (*Set, error) {
	if err := Available(k); err != nil {
		return nil, err
	}
	// What cannot be removed, perhaps because another sweep is at it, must not
	// stop this run, which has a folder of its own.
	_, _ = Sweep()
	root, err := newRoot()
	if err != nil {
		return nil, err
	}
	s := &Set{root: root, volumes: map[int]Volume{}}
	if err := s.makeAll(k, ids); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// makeAll makes the volumes at the same time.
func (s *Set) makeAll(k Kind, ids []int) error {
	made, errs := make([]Volume, len(ids)), make([]error, len(ids))
	var wg sync.WaitGroup
	for i, id := range ids {
		wg.Go(func() { made[i], errs[i] = newVolume(k, filepath.Join(s.root, fmt.Sprintf("n%d", id))) })
	}
	wg.Wait()
	for i, id := range ids {
		if errs[i] == nil {
			s.volumes[id] = made[i]
		}
	}
	return errors.Join(errs...)
}

func newVolume(k Kind, path string) (Volume, error) {
	switch k {
	case Ext4:
		return newExt4(path, ext4Size)
	case Fuse:
		return newFuse(path, ext4Size)
	}
	return nil, fmt.Errorf("%w: unknown kind %q", ErrUnavailable, k)
}

// Volume gives the node's; nil if there is none, also on a nil Set.
func (s *Set) Volume(id int) Volume {
	if s == nil {
		return nil
	}
	return s.volumes[id]
}

// Ready says, as an error, that a node must not be started: its disk is gone since a
// power cut, and it would find an empty folder in its place. It may be called on a nil
// Set.
func (s *Set) Ready(id int) error {
	if v := s.Volume(id); v != nil {
		return v.Ready()
	}
	return nil
}

// Close unmounts every volume and removes it. No process may use them. It may
// be called on a nil Set.
func (s *Set) Close() error {
	if s == nil {
		return nil
	}
	var errs []error
	for _, v := range s.volumes {
		errs = append(errs, v.close())
	}
	errs = append(errs, removeRoot(s.root))
	return errors.Join(errs...)
}

// home is where the folders of all runs of this user are.
func home() string {
	return filepath.Join(os.TempDir(), "raftkv-disks-"+strconv.Itoa(os.Getuid()))
}

// newRoot makes a run's folder. It gets its name when its owner is written, so
// that no sweep meets one without.
func newRoot() (string, error) {
	self, err := owner.Self()
	if err != nil {
		return "", err
	}
	b, err := json.Marshal(self)
	if err != nil {
		return "", fmt.Errorf("make a folder for disks: %w", err)
	}
	if err := os.MkdirAll(home(), 0o755); err != nil {
		return "", fmt.Errorf("make a folder for disks: %w", err)
	}
	dir, err := os.MkdirTemp(home(), "new-")
	if err != nil {
		return "", fmt.Errorf("make a folder for disks: %w", err)
	}
	root := filepath.Join(home(), "run-"+filepath.Base(dir)[len("new-"):])
	return root, errors.Join(os.Chmod(dir, 0o755), os.WriteFile(filepath.Join(dir, ownerFile), b, 0o644), os.Rename(dir, root))
}
