package check

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"raftkv/history"
)

// Kind names what went wrong.
type Kind string

// The kinds of violation, in the order in which a verdict lists them: what the
// store is most often guilty of first, then what only the search finds. Those of
// objectKinds come after them.
const (
	// StaleRead: a read that asked for the latest state got an older one.
	StaleRead Kind = "stale read"
	// LostWrite: a write took effect, nothing could have undone it, and it is
	// gone from the final state, or from what a later write found.
	LostWrite Kind = "lost acknowledged write"
	// FromNowhere: a value was read that nobody had tried to write by then.
	FromNowhere Kind = "value from nowhere"
	// FailedTookEffect: a write that was answered with a definite failure, or a
	// cas that lost, was read.
	FailedTookEffect Kind = "failed write took effect"
	// Duplicate: a value that was written once took effect again.
	Duplicate Kind = "duplicate application"
	// BrokenCAS: a cas won though it saw something else than it expected, or
	// lost though it saw just that.
	BrokenCAS Kind = "broken compare-and-swap"
	// NotLinearizable: no order explains what the clients saw.
	NotLinearizable Kind = "not linearizable"
)

var kinds = []Kind{
	StaleRead, LostWrite, FromNowhere, FailedTookEffect, Duplicate, BrokenCAS, NotLinearizable,
}

// Violation is one proof that no atomic store produced the history.
type Violation struct {
	Kind Kind   `json:"kind"`
	Key  string `json:"key"`
	// Words say in a sentence what happened.
	Words string `json:"words"`
	// Witness are the operations that prove it, by the time of their calls.
	Witness []history.Operation `json:"witness,omitempty"`
}

// when is the end of the anomaly: the last call of its witness.
func (v Violation) when() int64 {
	if len(v.Witness) == 0 {
		return 0
	}
	return v.Witness[len(v.Witness)-1].Call
}

// rank orders kinds; what others have found comes first.
func rank(k Kind) int { return slices.Index(slices.Concat(kinds, objectKinds), k) }

func compareViolations(a, b Violation) int {
	return cmp.Or(
		rank(a.Kind)-rank(b.Kind),
		cmp.Compare(a.when(), b.when()),
		cmp.Compare(a.Key, b.Key),
	)
}

// witness copies the operations that are there, each once, by call.
func witness(ops ...*history.Operation) []history.Operation {
	var w []history.Operation
	seen := make(map[*history.Operation]bool)
	for _, o := range ops {
		if o != nil && !seen[o] {
			seen[o] = true
			w = append(w, *o)
		}
	}
	slices.SortStableFunc(w, func(a, b history.Operation) int { return cmp.Compare(a.Call, b.Call) })
	return w
}

// Describe says in a few words what an operation did, without its times.
func Describe(o history.Operation) string {
	var b strings.Builder
	switch o.F {
	case history.Put:
		fmt.Fprintf(&b, "put %s", o.Input)
	case history.CAS:
		fmt.Fprintf(&b, "cas %s → %s", o.Expect, o.Input)
	default:
		b.WriteString(string(o.F))
	}
	b.WriteString(describeEnd(o))
	return b.String()
}

func describeEnd(o history.Operation) string {
	switch {
	case o.Outcome == history.OutcomeFail:
		return ": failed"
	case o.Outcome == history.OutcomeUnknown:
		return ": unknown"
	case o.F == history.Get:
		return fmt.Sprintf(" found %s", o.Output)
	case o.F == history.Delete && !o.Output.Present:
		return ": ok, found nothing"
	case o.F == history.CAS && o.Swapped:
		return ": won"
	case o.F == history.CAS:
		return fmt.Sprintf(": lost, saw %s", o.Output)
	default:
		return ": ok"
	}
}

// who names an operation in a sentence: its function, process and node.
func who(o *history.Operation) string {
	s := fmt.Sprintf("%s by process %d", o.F, o.Process)
	if o.Final {
		s = "final " + s
	}
	if o.Node != "" {
		s += " at node " + o.Node
	}
	return s
}
