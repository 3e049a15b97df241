package check

import (
	"cmp"
	"slices"
	"sort"
	"time"

	"github.com/anishathalye/porcupine"

	"raftkv/history"
)

// shrink finds a small part of a register without an order which alone proves
// that the whole has none. It stops when it has few operations, at most target,
// or when the time is over; whatever it has then is still a proof.
//
// Two ways of leaving something out keep an order if there was one, so that what
// has no order afterwards had none before:
//   - the future: a prefix of a history that has an order has one.
//   - a get, a cas that lost, a delete that found nothing: it changes nothing.
//   - a put with all that saw its unique value, unless one of those replaced it:
//     the argument is that of prune, for a put whose value nobody saw.
func (r *register) shrink(target int, deadline time.Time) []*operation {
	h := shrinker{key: r.key, deadline: deadline}
	live := h.prefix(r.live)
	for size := len(live) / 2; size >= 1; size /= 2 {
		for i := 0; i < len(live) && len(live) > target && time.Now().Before(deadline); {
			without := leaveOut(live, i, min(i+size, len(live)))
			if len(without) < len(live) && h.illegal(without) {
				live = without
			} else {
				i += size
			}
		}
	}
	return live
}

// shrinker asks porcupine, patiently but not for ever.
type shrinker struct {
	key      string
	deadline time.Time
}

func (h shrinker) illegal(live []*operation) bool {
	left := time.Until(h.deadline)
	if left <= 0 {
		return false
	}
	calls := reindex(h.key, live).prune()
	p := &pool{}
	p.free.Store(shrinkMemory)
	m := newMeter(p, len(calls))
	return porcupine.CheckOperationsTimeout(model(m), porcupineOperations(calls), left) == porcupine.Illegal && !m.exhausted()
}

const shrinkMemory = 64 << 20

// reindex is the register of some of its operations.
func reindex(key string, live []*operation) *register {
	r := &register{key: key, all: slices.Clone(live), attempts: make(map[string]int), writer: make(map[string]*operation)}
	r.index()
	return r
}

// prefix is the shortest prefix without an order: operations called by some
// instant, those that return later made unknown.
func (h shrinker) prefix(live []*operation) []*operation {
	var ends []int64
	for _, o := range live {
		if o.Outcome == history.OutcomeOk {
			ends = append(ends, o.Return)
		}
	}
	slices.Sort(ends)
	i := sort.Search(len(ends), func(i int) bool { return h.illegal(until(live, ends[i])) })
	if i == len(ends) {
		return live
	}
	return until(live, ends[i])
}

func until(live []*operation, t int64) []*operation {
	var cut []*operation
	for _, o := range live {
		switch {
		case o.Call > t:
		case o.Outcome == history.OutcomeOk && o.Return > t:
			open := *o
			open.GaveUp, open.Return, open.Outcome = o.Return, history.Infinity, history.OutcomeUnknown
			open.Output, open.Swapped = value{}, false
			cut = append(cut, &open)
		default:
			cut = append(cut, o)
		}
	}
	return cut
}

// leaveOut takes live[from:to] away as far as the rules allow.
func leaveOut(live []*operation, from, to int) []*operation {
	gone := make(map[*operation]bool)
	r := reindex("", live)
	observers := make(map[value][]*operation)
	for _, o := range live {
		if v, ok := saw(o); ok {
			observers[v] = append(observers[v], o)
		}
	}
	deletes := r.deletes()
	for _, o := range live[from:to] {
		switch {
		case harmless(o):
			gone[o] = true
		case o.F == history.Put && !deletes && r.unique(o.Input) && !slices.ContainsFunc(observers[o.Input], changes) && !r.expected(o.Input):
			gone[o] = true
			for _, seer := range observers[o.Input] {
				gone[seer] = true
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(live), func(o *operation) bool { return gone[o] })
}

func harmless(o *operation) bool {
	_, may := mayWrite(o)
	return !may
}

func changes(o *operation) bool { return !harmless(o) }

// expected reports whether an unknown cas expects v.
func (r *register) expected(v value) bool {
	return slices.ContainsFunc(r.live, func(o *operation) bool {
		return o.F == history.CAS && o.Outcome == history.OutcomeUnknown && o.Expect == v
	})
}

// deletes reports whether a delete met a value without saying which.
func (r *register) deletes() bool {
	return slices.ContainsFunc(r.live, func(o *operation) bool {
		return o.F == history.Delete && o.Outcome == history.OutcomeOk && o.Output.Present
	})
}

// unexplained is the violation that an exhausted search proves.
func (a *answer) unexplained(deadline time.Time) Violation {
	ops := a.register.shrink(fewOperations, deadline)
	slices.SortStableFunc(ops, func(x, y *operation) int { return cmp.Compare(x.Call, y.Call) })
	v := Violation{Kind: NotLinearizable, Key: a.register.key,
		Words: "No order of the operations on this key, each at one instant between its call and its return, explains every reply; the ones listed have none already."}
	if len(ops) <= mostInWitness {
		v.Witness = witness(ops...)
	} else {
		v.Words = "No order of the operations on this key, each at one instant between its call and its return, explains every reply; the last ones before it becomes impossible are listed."
		v.Witness = witness(ops[len(ops)-mostInWitness:]...)
	}
	return v
}

// fewOperations is where a witness is small enough; mostInWitness is what a
// verdict lists at most.
const (
	fewOperations = 1
	mostInWitness = 40
)
