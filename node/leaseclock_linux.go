package node

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// leasesPossible: CLOCK_BOOTTIME never goes back and goes on while the process
// is stopped and while the machine is suspended. Go's own monotonic clock does
// not do the latter.
const leasesPossible = true

// leaseClock reads it, in nanoseconds.
func leaseClock() uint64 {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
		panic(fmt.Sprintf("CLOCK_BOOTTIME cannot be read: %v", err)) // every Linux since 2.6.39 has it
	}
	return uint64(t.Nano())
}
