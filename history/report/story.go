package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"raftkv/history"
	"raftkv/history/check"
)

// card is one of the few things that a reader should know at first sight.
type card struct{ Title, Value, Note, Class string }

// story is the run in a handful of cards: what broke, who led next, how long
// nobody could write, and how much was asked.
func story(d Data) []card {
	var cards []card
	from, to := span(d)
	if len(d.Timeline.Faults) > 0 {
		cards = append(cards, faultCard(d.Timeline.Faults))
	}
	if c, ok := leaderCard(d, to); ok {
		cards = append(cards, c)
	}
	if g := longestGap(d.Operations); g.length() > 0 {
		cards = append(cards, card{"Longest gap in writes", duration(g.length()),
			fmt.Sprintf("from %s to %s", clock(g.from), clock(g.to)), "gap"})
	}
	return append(cards, countCard(d, from, to))
}

func faultCard(faults []history.Span) card {
	first := faults[0]
	for _, f := range faults {
		if f.From < first.From {
			first = f
		}
	}
	c := card{"Fault", first.Title(), "at " + clock(first.From), "fault"}
	if first.To != 0 {
		c.Note += ", healed at " + clock(first.To)
	}
	if n := len(faults); n > 1 {
		c.Note += fmt.Sprintf("; %d faults in all", n)
	}
	return c
}

// leaderCard tells of the first leader of a later term, or of another node,
// after the first fault.
func leaderCard(d Data, to int64) (card, bool) {
	var fault int64
	for i, f := range d.Timeline.Faults {
		if i == 0 || f.From < fault {
			fault = f.From
		}
	}
	var before reign
	for _, r := range reigns(d.Timeline.Leaders, to) {
		switch {
		case r.node == "":
		case before.node != "" && r.from > fault && (r.node != before.node || r.term > before.term):
			return card{"New leader", name(r.node), fmt.Sprintf("term %d, at %s, %s after the fault; before it %s, term %d",
				r.term, clock(r.from), duration(r.from-fault), name(before.node), before.term), "leader"}, true
		default:
			before = r
		}
	}
	if before.node == "" {
		return card{}, false
	}
	return card{"Leader", name(before.node), fmt.Sprintf("term %d, never changed", before.term), "leader"}, true
}

func name(node string) string { return "node " + strings.TrimPrefix(node, "node ") }

func countCard(d Data, from, to int64) card {
	ok, unknown, failed := 0, 0, 0
	for _, o := range d.Operations {
		switch o.Outcome {
		case history.OutcomeOk:
			ok++
		case history.OutcomeUnknown:
			unknown++
		default:
			failed++
		}
	}
	note := fmt.Sprintf("%s unknown, %s failed", group(unknown), group(failed))
	if len(d.Operations) > 0 {
		note += fmt.Sprintf(", on %s in %s", plural(d.Verdict.Keys, "key"), duration(to-from))
	}
	return card{"Operations", group(ok) + " ok", note, "count"}
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return group(n) + " " + word + "s"
}

// headline is the verdict in a line. Of violations it only says how many of what
// kind: the words follow with their witness.
func headline(v check.Verdict) string {
	if v.Result != check.Violated {
		return v.Summary
	}
	var kinds []string
	for kind, n := range v.Counts {
		kinds = append(kinds, fmt.Sprintf("%s × %s", group(n), kind))
	}
	slices.Sort(kinds)
	return strings.Join(kinds, ", ")
}

// group writes thousands with thin spaces.
func group(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "\u2009" + s[i:]
	}
	return s
}

// clock writes an instant, and duration a length, for a reader.
func clock(ns int64) string { return fmt.Sprintf("%.2f\u00a0s", secondsOf(ns)) }

func duration(ns int64) string {
	d := time.Duration(ns)
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d\u00a0ms", d.Round(time.Millisecond).Milliseconds())
	case d < 2*time.Minute:
		return fmt.Sprintf("%.2f\u00a0s", d.Seconds())
	default:
		return d.Round(time.Second).String()
	}
}
