package check

import (
	"cmp"
	"slices"

	"raftkv/history"
)

// A zone is what a unique value's operations say about its reign, after Gibbons
// and Korach ("Testing shared memories", 1997). Its operations are the write and
// all that saw the value. At each one's instant the value is in place (just
// before it, if it replaces the value; just after it, for the write), and since
// the value is written once at most, it is in place all the time between any two
// of those instants.
//
// One of them is over at f, the earliest return, and one has not begun before s,
// the latest call. So if f < s the value is in place from f to s: the zone is
// forward. Otherwise it is backward, and all that is known is that the reign
// touches [s, f].
//
// Two zones u and v, u forward, contradict each other if
//
//	f(u) < s(v)  and  f(v) < s(u).
//
// Proof: v has an operation with its instant at or after s(v) > f(u), and one at
// or before f(v) < s(u). The reign of v is disjoint from [f(u), s(u)], which is
// u's, and in one piece: by the first it lies after s(u), by the second before
// f(u).
//
// An operation that shows or makes any other state than u (absence, a value
// with several writers, an ok delete) is a zone of its own, with f its return
// and s its call: the proof needs no more.
type zone struct {
	value value
	// writer is nil in the zone of a single operation.
	writer *operation
	// first is the operation that returned at f, last the one called at s.
	first, last *operation
	// seen is the first observer to return.
	seen *operation
	// firmFirst and firmLast are first and last without plain gets, which a node
	// may answer from a memory that is behind; nil if there is nothing else.
	firmFirst, firmLast *operation
	// consumers are the won cas operations that saw the value and replaced it.
	consumers []*operation
}

func (z *zone) f() int64      { return z.first.Return }
func (z *zone) s() int64      { return z.last.Call }
func (z *zone) forward() bool { return z.f() < z.s() }

func (z *zone) add(o *operation) {
	if z.first == nil || o.Return < z.first.Return {
		z.first = o
	}
	if z.last == nil || o.Call > z.last.Call {
		z.last = o
	}
	if plainGet(o) {
		return
	}
	if z.firmFirst == nil || o.Return < z.firmFirst.Return {
		z.firmFirst = o
	}
	if z.firmLast == nil || o.Call > z.firmLast.Call {
		z.firmLast = o
	}
}

func (z *zone) observe(o *operation) {
	z.add(o)
	if z.seen == nil || o.Return < z.seen.Return {
		z.seen = o
	}
	if o.F == history.CAS && o.Swapped && o.Input != z.value {
		z.consumers = append(z.consumers, o)
	}
}

// zones builds those of the given operations. An unknown write belongs to its
// value's zone if one of them saw the value, for then it took effect. A zone whose value was seen
// before its write was called is left out: package values has reported it, and
// the proofs above assume that the write comes first.
func (r *register) zones(live []*operation) []*zone {
	byValue := make(map[string]*zone)
	var all []*zone
	of := func(v value) *zone {
		z := byValue[v.Data]
		if z == nil {
			z = &zone{value: v, writer: r.writer[v.Data]}
			byValue[v.Data] = z
			all = append(all, z)
		}
		return z
	}
	for _, o := range live {
		if o.Outcome == history.OutcomeOk {
			if alone := r.place(o, of); alone {
				z := &zone{}
				z.add(o)
				all = append(all, z)
			}
		}
	}
	return slices.DeleteFunc(all, func(z *zone) bool {
		if z.writer == nil {
			return false
		}
		z.add(z.writer)
		return z.f() < z.writer.Call
	})
}

// place puts an ok operation into the zones of the unique values that it saw
// and wrote, and reports whether there are none.
func (r *register) place(o *operation, of func(value) *zone) (alone bool) {
	alone = true
	if v, ok := saw(o); ok && r.unique(v) {
		of(v).observe(o)
		alone = false
	}
	if v, may := mayWrite(o); may && r.unique(v) {
		of(v).add(o)
		alone = false
	}
	return alone
}

// conflict is a proof that u's last operation is wrong: v had taken u's place.
type conflict struct{ u, v *zone }

// conflicts finds for each zone at most a few others that contradict it.
func conflicts(zones []*zone) []conflict {
	found := overlaps(zones)
	bySecond := slices.Clone(zones)
	slices.SortStableFunc(bySecond, func(a, b *zone) int { return cmp.Compare(a.s(), b.s()) })
	for _, u := range zones {
		if v := inside(u, bySecond); v != nil {
			found = append(found, conflict{u, v})
		}
	}
	return found
}

// overlaps finds the pairs of forward zones that have an interval in common:
// for each zone the one before it, by f, that reaches furthest.
func overlaps(zones []*zone) []conflict {
	var forward []*zone
	for _, z := range zones {
		if z.forward() {
			forward = append(forward, z)
		}
	}
	slices.SortStableFunc(forward, func(a, b *zone) int { return cmp.Compare(a.f(), b.f()) })
	var found []conflict
	var reach *zone
	for _, v := range forward {
		if reach != nil && v.f() < reach.s() {
			found = append(found, conflict{reach, v})
		}
		if reach == nil || v.s() > reach.s() {
			reach = v
		}
	}
	return found
}

// inside finds a backward zone within the forward zone u, best one that changed
// the state. The zones are ordered by s, and those looked at in vain are
// concurrent with u's end or with each other.
func inside(u *zone, bySecond []*zone) *zone {
	if !u.forward() {
		return nil
	}
	at, _ := slices.BinarySearchFunc(bySecond, u.f()+1, func(z *zone, t int64) int { return cmp.Compare(z.s(), t) })
	var found *zone
	for _, v := range bySecond[at:] {
		if v.s() >= u.s() {
			break
		}
		if v == u || v.forward() || v.f() >= u.s() {
			continue
		}
		if v.cause() != nil {
			return v
		}
		found = cmp.Or(found, v)
	}
	return found
}

// cause is the acknowledged operation that put z's state in place, if known.
func (z *zone) cause() *operation {
	o := z.writer
	if o == nil {
		o = z.first
	}
	if acknowledged(o) {
		return o
	}
	return nil
}
