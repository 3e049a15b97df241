package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"raftkv/history"
)

// The heights of the chart of links: a row, and the line above it for a name that
// the gutter is too narrow for, as a part of it.
const (
	linkRowHeight = 18
	linkNameLine  = 0.8
)

// linkKind is a state of a link as it is drawn.
type linkKind struct {
	state, class, text string
	paint              paint
}

// linkKinds are in the order of the legend; the last stands for every shape.
var linkKinds = []linkKind{
	{history.LinkDrop, "drop", "drop: what is sent is lost", dropInk},
	{history.LinkHold, "hold", "hold: it waits until the heal", holdInk},
	{history.LinkReject, "reject", "reject: closed, refused", rejectInk},
	{"", "shaped", "shaped: slow or narrow", shapedInk},
}

func kindOf(state string) linkKind {
	last := len(linkKinds) - 1
	if i := slices.IndexFunc(linkKinds[:last], func(k linkKind) bool { return k.state == state }); i >= 0 {
		return linkKinds[i]
	}
	return linkKinds[last]
}

// links is the chart of the links that were cut or shaped; false if none was.
func (v view) links() (sheet, bool) {
	rows, width := linkRows(v.linksInView(), v.series.width, v.to-v.from)
	if len(rows) == 0 {
		return sheet{}, false
	}
	shown := rows[:min(len(rows), mostLinkRows)]
	c := v.chart("Links that were cut or shaped, over time", 0)
	lows := make([]float64, len(shown))
	for i, r := range slices.Backward(shown) {
		lows[i] = c.top
		c.top++
		if name := r.links.String(); inGutter(name) {
			c.names = append(c.names, tick{lows[i] + 0.5, name})
		} else {
			c.top += linkNameLine
		}
	}
	c.height = vg.Length(34 + linkRowHeight*c.top)
	c.over = []plotFunc{func(a area) {
		for i, r := range shown {
			v.linkRow(a, r, lows[i])
		}
	}}
	return sheet{drawn{Title: "Links that were cut or slowed", Note: linkNote(rows, width), Legend: linkLegend(shown)}, c}, true
}

// linksInView are the spans within the time of the charts. All have an end: its
// end, if they were not over.
func (v view) linksInView() []history.LinkSpan {
	var all []history.LinkSpan
	for _, s := range v.data.Timeline.Links {
		if s.To == 0 || s.To > v.to {
			s.To = v.to
		}
		if s.From = max(s.From, v.from); s.From < s.To {
			all = append(all, s)
		}
	}
	slices.SortStableFunc(all, func(a, b history.LinkSpan) int { return cmp.Compare(a.From, b.From) })
	return all
}

// inGutter tells whether a name fits beside its row in every size.
func inGutter(name string) bool {
	return !slices.ContainsFunc(sizes, func(s size) bool {
		return area{text: s.text}.style(faint, draw.XLeft).Width(name)*wider > s.gutter-2*pad
	})
}

// linkRow draws a row's bars, with words in those that have the room, and its
// name above them if it is not beside them.
func (v view) linkRow(a area, r linkRow, low float64) {
	if name := r.links.String(); !inGutter(name) {
		a.label(faint, name, secondsOf(v.from), low+1+linkNameLine/2, a.Max.X-a.Min.X)
	}
	for _, s := range r.spans {
		k, from, to := kindOf(s.State), secondsOf(s.From), secondsOf(s.To)
		a.bar(k.paint, from, to, low+0.08, low+0.92)
		room := a.x(to) - a.x(from)
		if a.style(onBar, draw.XLeft).Width(s.State)*wider+2*pad <= room {
			a.label(onBar, s.State, from, low+0.5, room)
		}
	}
}

// linkLegend has the kinds that are drawn.
func linkLegend(rows []linkRow) []swatch {
	has := make(map[string]bool)
	for _, r := range rows {
		for _, s := range r.spans {
			has[kindOf(s.State).class] = true
		}
	}
	var legend []swatch
	for _, k := range linkKinds {
		if has[k.class] {
			legend = append(legend, swatch{k.class, k.text})
		}
	}
	return legend
}

// linkNote says how to read the names, and what is not drawn.
func linkNote(rows []linkRow, width int64) string {
	notes, hidden, ofClients := []string{"1→2 is what node 1 sends to node 2"}, 0, false
	for i, r := range rows {
		if i >= mostLinkRows {
			hidden += len(r.links)
		}
		for a := range r.links {
			ofClients = ofClients || a.from == clients
		}
	}
	if ofClients {
		notes[0] += ", c are the clients"
	}
	if width > together {
		notes = append(notes, fmt.Sprintf("what lies within %s is drawn as one", duration(width)))
	}
	if hidden > 0 {
		notes = append(notes, plural(hidden, "more link")+" had faults later")
	}
	return strings.Join(notes, "; ")
}
