// Package packets loses some of the IP packets of a network namespace: each packet
// of the chosen traffic is drawn, by the kernel, and dropped or let pass. The rules
// are in a table of nftables of our own; nothing else in the namespace is touched.
//
// It needs Linux, a kernel with nf_tables, and the right to enter the namespace and
// to change its rules: root on the machine that the namespace is on.
package packets

import (
	"errors"
	"fmt"
	"net/netip"
)

// ErrUnavailable means that it cannot be done here, for want of rights or of a kernel
// that can: what needs it is to be skipped.
var ErrUnavailable = errors.New("packets cannot be dropped here")

// Traffic says which packets may be lost: those of TCP over IPv4 to and from the
// port that is served in the namespace, and those to and from the others' ports
// that are dialled from it.
//
// Packets that open a connection to the served port or refuse it (SYN, the answer to
// it, and RST) always pass, so that who dials it is not held up for seconds. All others may be
// lost, those that open a connection from inside as well.
type Traffic struct {
	Served uint16
	// Dialled are others' ports, from the first to the last.
	Dialled [2]uint16
}

// Namespace is a network namespace: the one that a process is in.
type Namespace struct {
	// PID is a process in it, as this program sees it.
	PID int
	// Has is an address that the namespace must have. So a number that means
	// another process here, as that of another machine's process does, is noticed
	// before anything is changed.
	Has netip.Addr
}

// Tally is what the rules counted since they are there.
type Tally struct {
	// In came to the namespace, Out was leaving it.
	In, Out Drawn
}

// Drawn is how many packets were drawn, and how many of these were dropped.
type Drawn struct{ Packets, Dropped uint64 }

// String gives the counts in words.
func (t Tally) String() string {
	return fmt.Sprintf("%d of %d packets dropped on the way in, %d of %d on the way out",
		t.In.Dropped, t.In.Packets, t.Out.Dropped, t.Out.Packets)
}

// checkPercent says, as an error, that a percentage cannot be lost.
func checkPercent(percent int) error {
	if percent < 1 || percent > 99 {
		return fmt.Errorf("1 to 99 percent of the packets can be lost, not %d", percent)
	}
	return nil
}
