package check

import (
	"hash/maphash"

	"github.com/anishathalye/porcupine"

	"raftkv/history"
)

// call is an operation as porcupine gets it: perhaps with an earlier return than
// in the history, and perhaps known to have taken effect though its client never
// heard so. See prune.
type call struct {
	op    *operation
	until int64
	must  bool
}

// step is the register: one value, at first absent. It tells whether the call
// could have its reply in that state, and the state that follows.
//
// An unknown cas that does not find what it expects does nothing. One that never
// reached the store is explained as one that came last of all.
func (c call) step(state value) (bool, value) {
	o := c.op
	known := o.Outcome == history.OutcomeOk
	switch o.F {
	case history.Put:
		return true, o.Input
	case history.Delete:
		return !known || o.Output.Present == state.Present, value{}
	case history.CAS:
		wins := state == o.Expect
		next := state
		if wins {
			next = o.Input
		}
		if known {
			return state == o.Output && wins == o.Swapped, next
		}
		return wins || !c.must, next
	default:
		return state == o.Output, state
	}
}

var seed = maphash.MakeSeed()

func hashValue(state any) uint64 {
	return maphash.Comparable(seed, state.(value))
}

// model is the register for porcupine. Every step is charged to the meter, if
// there is one; once it says stop no step succeeds, so that the search ends
// soon, with a result that then means nothing.
func model(m *meter) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return value{} },
		Step: func(state, input, _ any) (bool, any) {
			if m != nil && m.exhausted() {
				return false, state
			}
			ok, next := input.(call).step(state.(value))
			if ok && m != nil {
				m.charge()
			}
			return ok, next
		},
		Hash:              hashValue,
		DescribeOperation: func(input, _ any) string { return Describe(*input.(call).op) },
		DescribeState:     func(state any) string { return state.(value).String() },
	}
}
