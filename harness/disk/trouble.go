package disk

import (
	"fmt"
	"syscall"
	"time"
)

// Trouble is what is wrong with a volume; the zero value is nothing.
type Trouble struct {
	// SyncDelay is how much longer every sync takes.
	SyncDelay time.Duration
	// WriteError is what whatever changes a file or a folder fails with, and
	// SyncError every sync; 0 is success.
	WriteError, SyncError syscall.Errno
	// Tear lets the next write of a kilobyte or more reach the disk by half, and
	// fails everything that follows with EIO: the end of a power loss that struck
	// in the midst of a write.
	Tear bool
}

// String names the trouble.
func (t Trouble) String() string {
	switch {
	case t.Tear:
		return "torn write"
	case t.SyncError != 0:
		return fmt.Sprintf("%s on sync", ErrnoName(t.SyncError))
	case t.WriteError != 0:
		return fmt.Sprintf("%s on write", ErrnoName(t.WriteError))
	case t.SyncDelay != 0:
		return fmt.Sprintf("sync slower by %s", t.SyncDelay)
	default:
		return "no trouble"
	}
}

// ErrnoName gives EIO and ENOSPC as such.
func ErrnoName(e syscall.Errno) string {
	switch e {
	case syscall.EIO:
		return "EIO"
	case syscall.ENOSPC:
		return "ENOSPC"
	default:
		return e.Error()
	}
}

// Hits are the calls that a trouble changed, since it was made.
type Hits struct {
	Calls int
	// Last tells of the latest in words.
	Last string
}

// Probe is what became of a write and a sync of a file that is not the node's.
type Probe struct {
	WriteErr, SyncErr error
	// Sync is how long the sync took.
	Sync time.Duration
}

// Troubled is a Volume of kind Fuse. Its methods may be called at any time.
type Troubled interface {
	Volume
	// Make puts the volume in trouble, or with the zero value out of it.
	Make(t Trouble)
	// Hits tells how many of the node's own calls the trouble changed.
	Hits() Hits
	// Probe tries the volume as a program would. It does not count as a hit, and
	// is not what a Tear tears.
	Probe() Probe
	// Behind is the node's data folder as it lies below, where the trouble is
	// not: for looking at files, and changing them, while no node runs.
	Behind() string
}
