//go:build !linux

package disk

import "fmt"

const ext4Size = 0

func ext4Works() error { return fmt.Errorf("%w: it is not Linux", ErrUnavailable) }

func newExt4(string, int64) (Volume, error) { return nil, ext4Works() }

func fuseWorks() error { return ext4Works() }

func newFuse(string, int64) (Volume, error) { return nil, ext4Works() }

func unmountBelow(string) error { return nil }
