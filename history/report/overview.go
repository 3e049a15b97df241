package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"raftkv/history"
)

// view is what the charts of a page share.
type view struct {
	data     Data
	from, to int64
	series   series
	gap      gap
	nodes    []string
}

func newView(d Data) view {
	d.Timeline.Faults = slices.SortedStableFunc(slices.Values(d.Timeline.Faults),
		func(a, b history.Span) int { return cmp.Compare(a.From, b.From) })
	from, to := span(d)
	return view{data: d, from: from, to: to, series: newSeries(d.Operations, from, to), gap: longestGap(d.Operations), nodes: nodeNames(d.Timeline)}
}

func (v view) chart(label string, height vg.Length) chart {
	return chart{label: label, height: height, from: secondsOf(v.from), to: secondsOf(v.to), under: []plotFunc{v.faults}}
}

func end(s history.Span, limit int64) float64 {
	if s.To == 0 {
		return secondsOf(limit)
	}
	return secondsOf(s.To)
}

// faults shades the time of each fault and draws a line where it began.
func (v view) faults(a area) {
	for _, f := range v.spans() {
		a.shade(faultShade, secondsOf(f.From), end(f, v.to))
		a.vertical(faultInk, secondsOf(f.From))
	}
}

// events is the chart of what befell the cluster: a row for each fault at one
// time, and one for who led.
func (v view) events() chart {
	rows := pack(v.spans(), v.to)
	height := 1.0
	for _, r := range rows {
		height = max(height, float64(r)+2)
	}
	c := v.chart("Faults, and leader with its term, over time", vg.Length(34+26*height))
	c.low, c.top = 0, height
	c.names = []tick{{0.5, "leader"}}
	if len(rows) > 0 {
		c.names = append(c.names, tick{1.5, "fault"})
	}
	c.over = []plotFunc{v.leaders, func(a area) { v.faultBars(a, rows) }}
	return c
}

// pack gives each span the lowest row where it meets no other, three at most.
func pack(spans []history.Span, limit int64) []int {
	rows := make([]int, len(spans))
	var busy [3]int64
	for i, s := range spans {
		for r := range busy {
			if s.From >= busy[r] || r == len(busy)-1 {
				rows[i] = r
				busy[r] = int64(end(s, limit) * float64(time.Second))
				break
			}
		}
	}
	return rows
}

// leaders draws a bar for each leader's time; nothing where none is known.
func (v view) leaders(a area) {
	rs := reigns(v.data.Timeline.Leaders, v.to)
	for _, r := range rs[:min(len(rs), 200)] {
		if r.node == "" {
			continue
		}
		from, to := secondsOf(r.from), secondsOf(r.to)
		a.bar(v.nodePaint(r.node).paint, from, to, 0.08, 0.92)
		room, long := a.x(to)-a.x(from), fmt.Sprintf("%s leads, term %d", name(r.node), r.term)
		if a.style(onBar, 0).Width(long)*wider+2*pad > room {
			long = fmt.Sprintf("n%s·t%d", strings.TrimPrefix(name(r.node), "node "), r.term)
		}
		a.label(onBar, long, from, 0.5, room)
	}
}

// throughput is the chart of ok operations a second, so that a gap in writes is
// seen as one.
func (v view) throughput() chart {
	c := v.chart("Operations a second that succeeded", 190)
	reads, writes := make(plotter.XYs, 0), make(plotter.XYs, 0)
	for i, b := range v.series.whole() {
		x := v.series.at(i) + secondsOf(v.series.width)/2
		reads = append(reads, plotter.XY{X: x, Y: v.series.rate(b.reads)})
		writes = append(writes, plotter.XY{X: x, Y: v.series.rate(b.writes)})
		c.top = max(c.top, v.series.rate(b.reads), v.series.rate(b.writes))
	}
	c.top = max(c.top, 1) * 1.2
	c.ticks = linearTicks(c.top/1.1, "/s")
	c.under = append(c.under, v.gapShade)
	c.over = []plotFunc{v.gapLabel, v.finalLabel}
	c.lines = []line{{paint: readInk, width: 1.6, points: reads}, {paint: writeInk, width: 2.2, points: writes}}
	return c
}

func (v view) gapShade(a area) {
	if v.gap.length() > v.series.width {
		a.shade(gapShade, secondsOf(v.gap.from), secondsOf(v.gap.to))
	}
}

func (v view) gapLabel(a area) {
	if v.gap.length() > v.series.width {
		a.label(gapInk, v.gap.words(), secondsOf(v.gap.from), a.plot.Y.Max*0.95, 0)
	}
}

func (g gap) words() string { return "no write for " + duration(g.length()) }

// finalLabel marks the reads at the end, which come all at once. It makes way for
// the label of a gap that reaches as far.
func (v view) finalLabel(a area) {
	const text = "final reads"
	for _, p := range v.data.Timeline.Phases {
		if p.Name != history.FinalPhase {
			continue
		}
		at, height := a.x(secondsOf(p.From)), 0.95
		both := (a.style(gapInk, 0).Width(v.gap.words()) + a.style(faint, 0).Width(text)) * wider
		if a.x(secondsOf(v.gap.from))+both+4*pad > at {
			height = 0.86
		}
		a.vertical(faint, secondsOf(p.From))
		a.before(faint, text, at, a.y(a.plot.Y.Max*height))
	}
}

// latency is the chart of how long ok operations took, on a scale of powers.
func (v view) latency() chart {
	c := v.chart("Latency of operations that succeeded, median and 99th percentile", 190)
	p50, p99 := make(plotter.XYs, 0), make(plotter.XYs, 0)
	low, top := math.Inf(1), 0.0
	for i, b := range v.series.whole() {
		x := v.series.at(i) + secondsOf(v.series.width)/2
		median, tail := math.NaN(), math.NaN()
		if len(b.latencies) > 0 {
			median, tail = max(quantile(b.latencies, 0.5), 0.001), max(quantile(b.latencies, 0.99), 0.001)
			low, top = min(low, median), max(top, tail)
		}
		p50 = append(p50, plotter.XY{X: x, Y: median})
		p99 = append(p99, plotter.XY{X: x, Y: tail})
	}
	if top == 0 {
		low, top = 1, 10
	}
	c.low, c.top, c.log = low/1.5, max(top, low*10)*1.8, true
	c.ticks = logTicks(c.low, c.top/1.3)
	c.lines = []line{
		{paint: tailInk, width: 1.6, points: p99},
		{paint: ink, width: 2, points: p50},
	}
	return c
}
