package report

import (
	"cmp"
	"fmt"
	"slices"

	"raftkv/history"
	"raftkv/history/check"
)

const (
	// mostFaults bounds the faults, and the moments, that are drawn and listed.
	mostFaults = 60
	// mostRows bounds each other list of the page.
	mostRows = 100
)

// spans are the faults that are drawn and listed: of very many, those around what
// the page is about.
func (v view) spans() []history.Span {
	return nearest(v, v.data.Timeline.Faults, func(f history.Span) (from, to int64) {
		return f.From, max(f.To, f.From)
	})
}

// nearest keeps the things that are nearest to what the page is about, in their order.
func nearest[T any](v view, of []T, when func(T) (from, to int64)) []T {
	if len(of) <= mostFaults {
		return of
	}
	from, to := v.center()
	away := func(i int) int64 {
		begins, ends := when(of[i])
		return max(begins-to, from-ends, 0)
	}
	places := make([]int, len(of))
	for i := range places {
		places[i] = i
	}
	slices.SortStableFunc(places, func(a, b int) int { return cmp.Compare(away(a), away(b)) })
	places = places[:mostFaults]
	slices.Sort(places)
	kept := make([]T, 0, mostFaults)
	for _, i := range places {
		kept = append(kept, of[i])
	}
	return kept
}

// beyond words what a list leaves out; empty if it leaves out nothing.
func beyond(all, shown int, file string) string {
	if all <= shown {
		return ""
	}
	return fmt.Sprintf("and %d more: see %s", all-shown, file)
}

// shorten bounds the lists that grow with the number of a run's faults. Floors that
// were missed come first: they are why it is no pass.
func shorten(d Data) Data {
	facts, reasons := d.Run.Facts, d.Verdict.Reasons
	if more := beyond(len(facts), mostRows, "run.json"); more != "" {
		d.Run.Facts = append(slices.Clone(facts[:mostRows]), history.Fact{Name: "…", Value: more})
	}
	if more := beyond(len(reasons), mostRows, "verdict.json"); more != "" {
		d.Verdict.Reasons = append(slices.Clone(reasons[:mostRows]), "… "+more)
	}
	floors := slices.SortedStableFunc(slices.Values(d.Verdict.Floors), func(a, b check.FloorCount) int {
		return cmp.Compare(met(a), met(b))
	})
	d.Verdict.Floors = floors[:min(len(floors), mostRows)]
	return d
}

func met(f check.FloorCount) int {
	if f.Met() {
		return 1
	}
	return 0
}
