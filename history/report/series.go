package report

import (
	"cmp"
	"math"
	"slices"
	"time"

	"raftkv/history"
)

// mostBuckets bounds the points of a curve; a bucket is at least bucketWidth.
const (
	mostBuckets = 400
	bucketWidth = int64(100 * time.Millisecond)
)

// bucket sums up the ok operations that ended in one slice of time.
type bucket struct {
	reads, writes int
	latencies     []int64
}

// series is a run in buckets. width is in nanoseconds.
type series struct {
	from, to, width int64
	buckets         []bucket
}

func newSeries(ops []history.Operation, from, to int64) series {
	s := series{from: from, to: to, width: bucketWidth}
	for (to-from)/s.width >= mostBuckets {
		s.width *= 2
	}
	s.buckets = make([]bucket, (to-from)/s.width+1)
	for _, o := range ops {
		if o.Outcome != history.OutcomeOk || o.Return < from || o.Return > to {
			continue
		}
		b := &s.buckets[(o.Return-from)/s.width]
		b.latencies = append(b.latencies, o.Return-o.Call)
		if o.F == history.Get {
			b.reads++
		} else {
			b.writes++
		}
	}
	for _, b := range s.buckets {
		slices.Sort(b.latencies)
	}
	return s
}

// whole leaves out the last bucket, which the end of the run cut short and which
// would look like a fall, if there are others.
func (s series) whole() []bucket {
	return s.buckets[:max(len(s.buckets)-1, 1)]
}

// rate is operations a second.
func (s series) rate(n int) float64 { return float64(n) * float64(time.Second) / float64(s.width) }

// at is the start of bucket i in seconds.
func (s series) at(i int) float64 { return secondsOf(s.from + int64(i)*s.width) }

func secondsOf(ns int64) float64 { return float64(ns) / float64(time.Second) }

// quantile of sorted nanoseconds, in milliseconds, by nearest rank.
func quantile(sorted []int64, q float64) float64 {
	i := int(math.Ceil(q*float64(len(sorted)))) - 1
	return float64(sorted[max(i, 0)]) / float64(time.Millisecond)
}

// span is the time that all charts show: the operations and the faults.
func span(d Data) (from, to int64) {
	from = math.MaxInt64
	for _, o := range d.Operations {
		from, to = min(from, o.Call), max(to, o.End(o.Call))
	}
	for _, f := range slices.Concat(d.Timeline.Faults, d.Timeline.Phases) {
		from, to = min(from, f.From), max(to, f.From, f.To)
	}
	if from >= to {
		return 0, int64(time.Second)
	}
	return from, to
}

// gap is a stretch without an acknowledged write.
type gap struct{ from, to int64 }

func (g gap) length() int64 { return g.to - g.from }

// longestGap between two acknowledged writes one after the other.
func longestGap(ops []history.Operation) gap {
	from, to := history.LongestGap(ops)
	return gap{from, to}
}

// reign is a stretch with one leader, or with none known.
type reign struct {
	node     string
	term     uint64
	from, to int64
}

func reigns(points []history.LeaderPoint, to int64) []reign {
	points = slices.Clone(points)
	slices.SortStableFunc(points, func(a, b history.LeaderPoint) int { return cmp.Compare(a.Time, b.Time) })
	var all []reign
	for _, p := range points {
		if n := len(all); n > 0 {
			last := &all[n-1]
			if last.node == p.Node && last.term == p.Term {
				continue
			}
			last.to = p.Time
		}
		all = append(all, reign{p.Node, p.Term, p.Time, to})
	}
	return all
}
