package node

import (
	"time"

	"raftkv/node/kv/kvpb"
)

// clock keeps the replicated clock going, by which sessions expire. A leader
// proposes what the clock showed when it last moved plus the time since then
// on its own monotonic clock, in bounded steps: so time during which nothing
// could be committed hardly counts, and no wall clock is trusted. Owned by the
// loop.
type clock struct {
	seen     uint64 // the replicated clock in milliseconds
	at       time.Time
	proposed time.Time
}

// observe takes note of where the replicated clock stands.
func (c *clock) observe(ms uint64, now time.Time) {
	if c.at.IsZero() || ms != c.seen {
		c.seen, c.at = ms, now
	}
}

// due says whether the clock was left alone for a period.
func (c *clock) due(now time.Time, period time.Duration) bool {
	return now.Sub(c.proposed) >= period
}

// prepend puts the time in front of a batch once a period.
func (c *clock) prepend(cs []*kvpb.Command, now time.Time, ttl time.Duration) []*kvpb.Command {
	if !c.due(now, clockPeriod) {
		return cs
	}
	c.proposed = now
	step := min(now.Sub(c.at), 2*idlePeriod(ttl))
	return append(cs, &kvpb.Command{
		Op:           kvpb.Command_OP_CLOCK,
		NowMs:        c.seen + uint64(step.Milliseconds()),
		SessionTtlMs: uint64(ttl.Milliseconds()),
	})
}

// idlePeriod is how often the clock moves when there are sessions but no writes.
func idlePeriod(ttl time.Duration) time.Duration {
	return min(max(ttl/10, clockPeriod), time.Minute)
}
