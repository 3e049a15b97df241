//go:build !linux

package node

// leasesPossible: no clock is known here that sees the machine suspended.
const leasesPossible = false

// leaseClock is never called: --lease-reads is refused.
func leaseClock() uint64 { return 0 }
