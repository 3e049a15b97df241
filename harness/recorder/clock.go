package recorder

import "time"

// Clock is a run's one clock: nanoseconds since the run began, monotonic.
// A copy is the same clock.
type Clock struct {
	start time.Time
}

// NewClock starts a clock now.
func NewClock() Clock { return Clock{start: time.Now()} }

// Now is the time since the start, in nanoseconds.
func (c Clock) Now() int64 { return int64(time.Since(c.start)) }

// Started is the wall-clock time of the clock's zero.
func (c Clock) Started() time.Time { return c.start }
