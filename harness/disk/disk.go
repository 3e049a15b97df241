package disk

import (
	"errors"
	"fmt"
)

// ErrUnavailable means that this host cannot make such volumes; its text says
// what is missing. What needed them is to be skipped.
var ErrUnavailable = errors.New("such disks cannot be had here")

// Kind names what a node's data folder is on.
type Kind string

const (
	// Plain is a folder like any other: nothing about it can be broken.
	Plain Kind = ""
	// Ext4 is a file system of the node's own, whose power can be cut.
	Ext4 Kind = "ext4"
	// Fuse is a FUSE file system over such a one: beside a power cut it can be slow
	// or fail. Its volumes are Troubled.
	Fuse Kind = "fuse"
)

// Volume is one node's file system. Calls come one at a time.
type Volume interface {
	// Dir is where the node's data folder belongs: on the volume, not its root.
	Dir() string
	// CutPower loses what was not synced; every call on the volume fails from
	// then on. A process that is writing may still be running.
	CutPower() error
	// Restore makes the volume usable as it was on disk when the power went. No
	// process may have a file of it open. It proves the loss and says so: what
	// was synced before is there, what was written and not synced is not.
	Restore() (seen string, err error)
	// Ready says, as an error, that the volume cannot be used: its power was cut and
	// could not be restored. Below its path then lies an empty folder.
	Ready() error
	// close gives everything back; it may be called in any state.
	close() error
}

// Best is the kind whose disks can be broken in the most ways here.
func Best() Kind {
	for _, k := range []Kind{Fuse, Ext4} {
		if Available(k) == nil {
			return k
		}
	}
	return Plain
}

// Available says, as an error that wraps ErrUnavailable, why volumes of the
// kind cannot be had here; nil if they can. The first call tries it out.
func Available(k Kind) error {
	switch k {
	case Plain:
		return nil
	case Ext4:
		return ext4Works()
	case Fuse:
		return fuseWorks()
	default:
		return fmt.Errorf("%w: unknown kind %q", ErrUnavailable, k)
	}
}
