package check

import (
	"cmp"
	"slices"

	"raftkv/history"
)

type (
	operation = history.Operation
	value     = history.Value
)

// register is the history of one key, by calls.
type register struct {
	key string
	// all that was asked of it.
	all []*operation
	// live are the operations that linearizability speaks of: without those that
	// failed, which never happened, and stale reads, which promise no order.
	live []*operation
	// attempts counts the live operations that may have written a value. A value
	// with one attempt, which is its writer, is unique: the state is that value
	// during one uninterrupted reign at most.
	attempts map[string]int
	writer   map[string]*operation
}

// registers splits a history by key. Registers are independent: a history is
// linearizable if and only if each register's part is (Herlihy and Wing,
// "Linearizability", section 3.1, locality).
func registers(ops []operation) []*register {
	byKey := make(map[string]*register)
	var all []*register
	for i := range ops {
		o := &ops[i]
		r := byKey[o.Key]
		if r == nil {
			r = &register{key: o.Key, attempts: make(map[string]int), writer: make(map[string]*operation)}
			byKey[o.Key] = r
			all = append(all, r)
		}
		r.all = append(r.all, o)
	}
	for _, r := range all {
		r.index()
	}
	slices.SortFunc(all, func(a, b *register) int { return cmp.Compare(a.key, b.key) })
	return all
}

func (r *register) index() {
	slices.SortStableFunc(r.all, func(a, b *operation) int { return cmp.Compare(a.Call, b.Call) })
	for _, o := range r.all {
		if o.Stale || o.Outcome == history.OutcomeFail {
			continue
		}
		r.live = append(r.live, o)
		if v, may := mayWrite(o); may && v.Present {
			r.attempts[v.Data]++
			r.writer[v.Data] = o
		}
	}
}

// unique reports whether v can have been written once at most.
func (r *register) unique(v value) bool { return v.Present && r.attempts[v.Data] == 1 }

// mayWrite is what an operation wrote if it took effect, and whether it may
// have. A delete that found nothing changed nothing.
func mayWrite(o *operation) (value, bool) {
	if o.Outcome == history.OutcomeFail {
		return value{}, false
	}
	unknown := o.Outcome == history.OutcomeUnknown
	switch o.F {
	case history.Put:
		return o.Input, true
	case history.CAS:
		return o.Input, unknown || o.Swapped
	case history.Delete:
		return value{}, unknown || o.Output.Present
	default:
		return value{}, false
	}
}

// saw is the state that an ok operation found at its instant, if its reply says
// so: a get, a cas, and a delete that found nothing.
func saw(o *operation) (value, bool) {
	if o.Outcome != history.OutcomeOk {
		return value{}, false
	}
	switch o.F {
	case history.Get, history.CAS:
		return o.Output, true
	case history.Delete:
		return value{}, !o.Output.Present
	default:
		return value{}, false
	}
}

// acknowledged reports whether o surely changed the state.
func acknowledged(o *operation) bool {
	_, may := mayWrite(o)
	return may && o.Outcome == history.OutcomeOk
}

// plainGet is a read whose answer may have come from a node's memory alone. A
// cas and a delete go through the log, and a final read comes after healing, so
// what those find is the state itself.
func plainGet(o *operation) bool { return o.F == history.Get && !o.Final }
