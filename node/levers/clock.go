//go:build raftkv_faults

package levers

import (
	"sync"
	"time"
)

// clock is the node's: it showed local when the machine's showed real, and since
// then runs at percent of its speed.
var clock = struct {
	sync.Mutex
	real, local time.Time
	percent     int64
	tickers     map[*time.Ticker]time.Duration
}{percent: 100, real: time.Now(), local: time.Now(), tickers: map[*time.Ticker]time.Duration{}}

// Now is the time on the node's clock.
func Now() time.Time {
	clock.Lock()
	defer clock.Unlock()
	return now()
}

// now is Now for who holds the lock.
func now() time.Time {
	return clock.local.Add(time.Since(clock.real) * time.Duration(clock.percent) / 100)
}

// Local gives a deadline of the machine's clock on the node's. What is left of it
// is so in the machine's time: it comes from a client with a clock of its own.
func Local(deadline time.Time) time.Time {
	if deadline.IsZero() {
		return deadline
	}
	clock.Lock()
	defer clock.Unlock()
	return now().Add(time.Until(deadline) * time.Duration(clock.percent) / 100)
}

// NewTicker ticks once in each d on the node's clock.
func NewTicker(d time.Duration) *time.Ticker {
	clock.Lock()
	defer clock.Unlock()
	t := time.NewTicker(d * 100 / time.Duration(clock.percent))
	clock.tickers[t] = d
	return t
}

// turn makes the clock jump ahead and run at a percentage of its speed from now
// on; 0 leaves the speed.
func turn(jump time.Duration, percent int64) {
	clock.Lock()
	defer clock.Unlock()
	clock.local, clock.real = now().Add(jump), time.Now()
	if percent == 0 || percent == clock.percent {
		return
	}
	clock.percent = percent
	for t, d := range clock.tickers {
		t.Reset(d * 100 / time.Duration(percent))
	}
}
