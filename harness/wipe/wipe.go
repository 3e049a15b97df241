package wipe

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// ErrEmpty means a folder in which there was nothing before.
var ErrEmpty = errors.New("its folder was empty before")

// Folder removes all that is in the folder, looks that nothing is left, and says what
// there was. ErrEmpty if that was nothing.
func Folder(dir string) (seen string, err error) {
	had, err := os.ReadDir(dir)
	if err != nil {
		return "", fmt.Errorf("empty the data folder: %w", err)
	}
	for _, e := range had {
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return "", fmt.Errorf("empty the data folder: %w", err)
		}
	}
	if err := Check(dir); err != nil {
		return "", err
	}
	if len(had) == 0 {
		return "", ErrEmpty
	}
	return fmt.Sprintf("%d files and folders are gone, and nothing is left", len(had)), nil
}

// Check says, as an error, what is in a folder that should be empty.
func Check(dir string) error {
	left, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("look into the data folder: %w", err)
	}
	if len(left) > 0 {
		return fmt.Errorf("look into the data folder: it still has %s and %d more", left[0].Name(), len(left)-1)
	}
	return nil
}
