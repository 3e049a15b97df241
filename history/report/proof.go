package report

import (
	"fmt"
	"slices"

	"raftkv/history"
	"raftkv/history/check"
)

// Bounds of the violations that are shown with their witness.
const (
	mostProofs     = 8
	mostOfKindHere = 3
)

// choose takes the first few of each kind, so that one kind does not push the
// others off the page.
func choose(all []check.Violation) []check.Violation {
	var shown []check.Violation
	of := make(map[check.Kind]int)
	for _, x := range all {
		if of[x.Kind]++; of[x.Kind] <= mostOfKindHere && len(shown) < mostProofs {
			shown = append(shown, x)
		}
	}
	return shown
}

// more says where the violations are that the page does not show.
func more(shown int, v check.Verdict) string {
	total := 0
	for _, n := range v.Counts {
		total += n
	}
	if total <= shown {
		return ""
	}
	text := fmt.Sprintf("%d of %s are shown here", shown, plural(total, "violation"))
	if len(v.Violations) == total {
		return text + ", and all of them are in verdict.json."
	}
	return fmt.Sprintf("%s; verdict.json has %d of them, the first ones of each kind.", text, len(v.Violations))
}

// proof is a violation with its witness laid out for the page.
type proof struct {
	Kind, Key, Words string
	Rows             []proofRow
}

// proofRow is one operation of a witness: a bar on a track. Places are percent
// of the track. They keep the order of the instants and not their distances:
// what proves a violation is what came before what.
type proofRow struct {
	When, Who, What string
	Class           string
	Left, Width     float64
	Open            bool
}

func prove(x check.Violation) proof {
	p := proof{Kind: string(x.Kind), Key: x.Key, Words: x.Words}
	place := ranks(x.Witness)
	for _, o := range x.Witness {
		row := proofRow{
			When: clockFine(o.Call) + " – " + clockFine(o.Return), Who: who(o), What: check.Describe(o),
			Class: class(o), Left: place(o.Call), Open: o.Return == history.Infinity,
		}
		if row.Open {
			row.When = clockFine(o.Call) + " – ?"
		}
		row.Width = place(o.Return) - row.Left
		p.Rows = append(p.Rows, row)
	}
	return p
}

// ranks places instants evenly in their order. What never returned ends at the
// right edge.
func ranks(ops []history.Operation) func(int64) float64 {
	var instants []int64
	for _, o := range ops {
		instants = append(instants, o.Call)
		if o.Return != history.Infinity {
			instants = append(instants, o.Return)
		}
	}
	slices.Sort(instants)
	instants = slices.Compact(instants)
	return func(at int64) float64 {
		i, found := slices.BinarySearch(instants, at)
		if !found {
			return 100
		}
		return 100 * float64(i) / float64(len(instants))
	}
}

func who(o history.Operation) string {
	s := fmt.Sprintf("process %d", o.Process)
	if o.Node != "" {
		s += " at " + name(o.Node)
	}
	if o.Final {
		s += ", after healing"
	}
	return s
}

func class(o history.Operation) string {
	switch {
	case o.Outcome == history.OutcomeFail:
		return "fail"
	case o.Outcome == history.OutcomeUnknown:
		return "unknown"
	case o.F == history.Get:
		return "read"
	default:
		return "write"
	}
}

// clockFine tells instants apart that are a fraction of a millisecond apart.
func clockFine(ns int64) string { return fmt.Sprintf("%.4f\u00a0s", secondsOf(ns)) }
