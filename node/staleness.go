package node

import (
	"time"

	apiv1 "raftkv/client/api/v1"
)

// longestBound keeps a bound on staleness within what a Duration holds.
const longestBound = 1 << 40 // milliseconds, 34 years

// confirmation is what the youngest confirmed read proved: every write that was
// acknowledged anywhere before asked is in the log at or below index.
//
// Its age counts from when this node asked. Nothing that merely arrives says how
// old it is: a heartbeat may have been held up on its way for any time.
type confirmation struct {
	asked time.Time // on this node's monotonic clock
	index uint64
}

// covers says whether what was applied up to index is young enough for a read
// that arrived then and may miss what was acknowledged within the bound before.
func (c confirmation) covers(arrived time.Time, bound time.Duration) bool {
	return !c.asked.IsZero() && arrived.Sub(c.asked) <= bound
}

// bound is how far in the past the answer may lie; 0: it has none.
func (r *request) bound() time.Duration {
	ms := max(r.get.GetMaxStalenessMs(), r.list.GetMaxStalenessMs())
	return time.Duration(min(ms, longestBound)) * time.Millisecond
}

// answerFresh takes a read with a bound for which the last confirmation will do.
// Otherwise the read waits for one of its own, as a linearizable read does, but
// not for long: another node may be better connected.
func (l *loop) answerFresh(r *request) bool {
	bound := r.bound()
	if bound == 0 {
		return false
	}
	if soon := r.arrived.Add(2 * l.config.ElectionTimeout); soon.Before(r.deadline) {
		r.deadline = soon
	}
	fresh := l.reads.fresh
	if !fresh.covers(r.arrived, bound) {
		return false
	}
	l.reads.confirmed = append(l.reads.confirmed, readBatch{fresh.index, []*request{r}})
	return true
}

// tooLate refuses a read whose time is up.
func (r *request) tooLate() {
	if r.bound() > 0 {
		r.refuse(apiv1.Reason_REASON_TOO_STALE, "no leader confirmed in time that what this node has is young enough; nothing was read")
		return
	}
	r.refuse(apiv1.Reason_REASON_NO_QUORUM, "no leader confirmed the read in time; nothing was read")
}
