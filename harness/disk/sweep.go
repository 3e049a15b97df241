package disk

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"raftkv/harness/owner"
)

// Sweep unmounts and removes the volumes that dead runs of this user left
// behind, and says how many runs there were. Live runs, and those of other
// containers, are left alone.
func Sweep() (int, error) {
	roots, err := filepath.Glob(filepath.Join(home(), "run-*"))
	if err != nil {
		return 0, err
	}
	swept, errs := 0, []error(nil)
	for _, root := range roots {
		if !orphaned(root) {
			continue
		}
		swept++
		errs = append(errs, removeRoot(root))
	}
	return swept, errors.Join(errs...)
}

// orphaned says whether the folder's owner was of this host and is dead.
func orphaned(root string) bool {
	b, err := os.ReadFile(filepath.Join(root, ownerFile))
	if err != nil {
		return false // another sweep is removing it
	}
	var id owner.ID
	return json.Unmarshal(b, &id) == nil && id.Here() && !id.Alive()
}

// removeRoot unmounts what is mounted below the folder and removes it, its
// owner last: a sweep that breaks off is taken up by the next.
func removeRoot(root string) error {
	if err := unmountBelow(root); err != nil {
		return fmt.Errorf("remove disks: %w", err)
	}
	entries, err := os.ReadDir(root)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	errs := []error{err}
	for _, e := range entries {
		if e.Name() != ownerFile {
			errs = append(errs, os.RemoveAll(filepath.Join(root, e.Name())))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("remove disks: %w", err)
	}
	return os.RemoveAll(root)
}
