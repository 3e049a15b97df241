package check

import (
	"math/bits"

	"raftkv/history"
)

// linearizable tries every order of a small history on one key: the definition,
// written without any of the package's code. The operations must number at most
// 20 or so. Failed operations and stale reads are not part of the question.
func linearizable(ops []history.Operation) bool {
	var live []history.Operation
	for _, o := range ops {
		if o.Outcome != history.OutcomeFail && !o.Stale {
			live = append(live, o)
		}
	}
	type config struct {
		done  uint32
		state history.Value
	}
	seen := make(map[config]bool)
	var try func(config) bool
	try = func(c config) bool {
		if onlyUnknown(live, c.done) {
			return true
		}
		if seen[c] {
			return false
		}
		seen[c] = true
		for i, o := range live {
			if c.done&(1<<i) != 0 || !mayComeNext(live, c.done, o) {
				continue
			}
			if next, ok := apply(o, c.state); ok && try(config{c.done | 1<<i, next}) {
				return true
			}
		}
		return false
	}
	return try(config{})
}

func onlyUnknown(ops []history.Operation, done uint32) bool {
	left := ^done & (1<<len(ops) - 1)
	for ; left != 0; left &= left - 1 {
		if ops[bits.TrailingZeros32(left)].Outcome == history.OutcomeOk {
			return false
		}
	}
	return true
}

// mayComeNext: nothing that is left was over before o began.
func mayComeNext(ops []history.Operation, done uint32, o history.Operation) bool {
	for i, p := range ops {
		if done&(1<<i) == 0 && p.Outcome == history.OutcomeOk && p.Return < o.Call {
			return false
		}
	}
	return true
}

func apply(o history.Operation, s history.Value) (history.Value, bool) {
	ok := o.Outcome == history.OutcomeOk
	switch o.F {
	case history.Get:
		return s, !ok || s == o.Output
	case history.Put:
		return o.Input, true
	case history.Delete:
		return history.Value{}, !ok || s.Present == o.Output.Present
	}
	if ok && (s != o.Output || o.Swapped != (s == o.Expect)) {
		return s, false
	}
	if s == o.Expect {
		return o.Input, true
	}
	return s, true
}
