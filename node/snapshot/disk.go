package snapshot

import (
	"errors"
	"os"
)

// disk is the part of the file system that durability hangs on; tests watch its
// order and make it fail.
type disk interface {
	sync(f *os.File) error
	rename(from, to string) error
	syncDir(path string) error
}

type osDisk struct{}

func (osDisk) sync(f *os.File) error { return f.Sync() }

func (osDisk) rename(from, to string) error { return os.Rename(from, to) }

func (osDisk) syncDir(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
