package check

import (
	"fmt"
	"slices"
	"strings"

	"raftkv/history"
)

// Floor is how much must have succeeded for a run to mean anything: a store
// that answers nothing breaks no promise.
type Floor struct {
	// Phase names spans; operations count that were called and returned within
	// one of them. Empty is the whole run.
	Phase string `json:"phase,omitempty"`
	// Function restricts it to one; empty is any.
	Function history.Function `json:"function,omitempty"`
	// Nodes restricts it to replies from these; empty is all.
	Nodes []string `json:"nodes,omitempty"`
	// Processes restricts it to these; empty is all.
	Processes []int `json:"processes,omitempty"`
	// Stale counts stale reads, which no other floor does.
	Stale bool `json:"stale,omitempty"`
	// Changed counts only operations that changed the state: a cas that lost does not.
	Changed bool `json:"changed,omitempty"`
	// Min is the least number of ok operations.
	Min int `json:"min"`
}

// FloorCount is a floor with what was counted.
type FloorCount struct {
	Floor
	Counted int `json:"counted"`
}

// Met reports whether the floor was reached.
func (f FloorCount) Met() bool { return f.Counted >= f.Min }

// String says what the floor is about, such as "put in phase partition".
func (f Floor) String() string {
	s := string(f.Function)
	if s == "" {
		s = "operations"
	}
	if f.Changed {
		s += " that changed the state"
	}
	if f.Stale {
		s = "stale " + s
	}
	if len(f.Nodes) > 0 {
		s += " at node " + strings.Join(f.Nodes, ", ")
	}
	if len(f.Processes) > 0 {
		s += fmt.Sprintf(" by %d processes", len(f.Processes))
	}
	if f.Phase != "" {
		s += " in phase " + f.Phase
	}
	return s
}

func (f FloorCount) short() string {
	return fmt.Sprintf("only %d ok of at least %d %s", f.Counted, f.Min, f.Floor)
}

func count(ops []history.Operation, floors []Floor, phases []history.Span) []FloorCount {
	var counts []FloorCount
	for _, f := range floors {
		c := FloorCount{Floor: f}
		spans := f.spans(phases)
		for i := range ops {
			if f.wants(&ops[i]) && within(&ops[i], spans) {
				c.Counted++
			}
		}
		counts = append(counts, c)
	}
	return counts
}

// spans are the phases that the floor names. A name that no phase has yields
// none, so that nothing counts and the floor is not met.
func (f Floor) spans(phases []history.Span) []history.Span {
	if f.Phase == "" {
		return []history.Span{{From: -1 << 63}}
	}
	return slices.DeleteFunc(slices.Clone(phases), func(s history.Span) bool { return s.Name != f.Phase })
}

func (f Floor) wants(o *operation) bool {
	return o.Outcome == history.OutcomeOk && o.Stale == f.Stale && (!f.Changed || acknowledged(o)) &&
		(f.Function == "" || o.F == f.Function) &&
		(len(f.Nodes) == 0 || slices.Contains(f.Nodes, o.Node)) &&
		(len(f.Processes) == 0 || slices.Contains(f.Processes, o.Process))
}

func within(o *operation, spans []history.Span) bool {
	return slices.ContainsFunc(spans, func(s history.Span) bool { return s.Holds(o.Call, o.Return) })
}
