package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"gonum.org/v1/plot/vg"

	"raftkv/history"
)

// Bounds of the chart of single operations.
const (
	mostLanes = 16
	mostBars  = 500
	// around is what is shown before and after the time of interest.
	around = int64(400 * time.Millisecond)
)

// lanes is the chart of single operations, a lane for each client, around the
// time that matters: the first violation, or else the longest gap in writes if a
// fault fell into it, or else the first fault, or else the start.
func (v view) lanes() chart {
	ops, rows, names := v.pick()
	count := len(names)
	c := chart{label: "Single operations of clients", height: vg.Length(34 + 15*max(count, 1)), low: 0, top: float64(max(count, 1))}
	from, to := v.interest()
	if len(ops) > 0 {
		to = min(to, max(from+int64(time.Millisecond), ops[len(ops)-1].Call+around))
	}
	c.from, c.to = secondsOf(from), secondsOf(to)
	c.under = []plotFunc{v.faults}
	for row, name := range names {
		c.names = append(c.names, tick{float64(count-row) - 0.5, name})
	}
	c.over = []plotFunc{func(a area) {
		for i, o := range ops {
			low := float64(count - 1 - rows[i])
			a.bar(outcomePaint(o), secondsOf(max(o.Call, from)), secondsOf(min(o.End(to), to)), low+0.15, low+0.85)
		}
	}}
	return c
}

func outcomePaint(o history.Operation) paint {
	switch {
	case o.Outcome == history.OutcomeFail:
		return failInk
	case o.Outcome == history.OutcomeUnknown:
		return unknownInk
	case o.F == history.Get:
		return readInk
	default:
		return writeInk
	}
}

// interest is the time to look at closely.
func (v view) interest() (from, to int64) {
	from, to = v.center()
	return max(from-around, v.from), min(to+around, v.to)
}

func (v view) center() (from, to int64) {
	for _, x := range v.data.Verdict.Violations {
		if n := len(x.Witness); n > 0 {
			late := x.Witness[n-1]
			return late.Call - around, late.End(late.Call)
		}
	}
	if len(v.data.Timeline.Faults) == 0 {
		return v.from, v.from + 4*around
	}
	first := v.data.Timeline.Faults[0].From
	if v.gap.to >= first && v.gap.length() < int64(10*time.Second) {
		return min(v.gap.from, max(first, v.gap.from-around)), v.gap.to
	}
	return first, first + 4*around
}

// pick chooses the operations to draw, gives each process a lane, and names the
// lanes. A client goes on under a new process number after an unknown operation,
// so a new process takes over a lane that ended so.
func (v view) pick() (ops []history.Operation, rows []int, names []string) {
	var ls laneSet
	for _, o := range v.inView() {
		row, ok := ls.of(o)
		if !ok {
			continue
		}
		ops, rows = append(ops, o), append(rows, row)
		if len(ops) == mostBars {
			break
		}
	}
	for _, l := range ls {
		names = append(names, l.name())
	}
	return ops, rows, names
}

// inView are the operations in the time of interest, by their calls.
func (v view) inView() []history.Operation {
	from, to := v.interest()
	var all []history.Operation
	for _, o := range v.data.Operations {
		if o.Call <= to && o.End(to) >= from {
			all = append(all, o)
		}
	}
	slices.SortStableFunc(all, func(a, b history.Operation) int { return cmp.Compare(a.Call, b.Call) })
	return all
}

// lane is the row of one process. node is where all of its operations went, if
// they say so and it is one.
type lane struct {
	process int
	node    string
	roams   bool
	lost    int64 // when its process ended with an unknown operation; 0 if not
}

func (l lane) name() string {
	if l.roams || l.node == "" {
		return fmt.Sprintf("p%d", l.process)
	}
	return fmt.Sprintf("p%d n%s", l.process, strings.TrimPrefix(l.node, "node "))
}

type laneSet []lane

// of finds the row of an operation, which is a new one for a new process if no
// lane was given up; false if there are enough lanes.
func (ls *laneSet) of(o history.Operation) (int, bool) {
	row := slices.IndexFunc(*ls, func(l lane) bool { return l.process == o.Process })
	if row < 0 {
		row = slices.IndexFunc(*ls, func(l lane) bool { return l.lost != 0 && l.lost <= o.Call })
		if row < 0 && len(*ls) == mostLanes {
			return 0, false
		}
		if row < 0 {
			*ls, row = append(*ls, lane{node: o.Node}), len(*ls)
		}
		(*ls)[row].process, (*ls)[row].lost = o.Process, 0
	}
	l := &(*ls)[row]
	l.roams = l.roams || l.node != o.Node
	if o.Outcome == history.OutcomeUnknown {
		l.lost = o.End(o.Call)
	}
	return row, true
}
