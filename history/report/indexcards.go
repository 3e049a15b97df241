package report

import (
	"fmt"
	"math"
	"slices"
	"time"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"raftkv/history/check"
)

// indexCards are the few numbers over all runs.
func indexCards(runs []Summary) []card {
	var recoveries []time.Duration
	var slow Summary
	for _, r := range runs {
		recoveries = append(recoveries, r.Recoveries...)
		if r.SlowestHeal > slow.SlowestHeal {
			slow = r
		}
	}
	cards := []card{resultCard(runs)}
	if n := len(recoveries); n > 0 {
		slices.Sort(recoveries)
		cards = append(cards, card{"Recovery, median", duration(int64(recoveries[(n-1)/2])),
			fmt.Sprintf("of %s; the worst took %s", plural(n, "healing"), duration(int64(recoveries[n-1]))), "leader"})
	}
	if slow.SlowestHeal > 0 {
		cards = append(cards, card{"Slowest heal", duration(int64(slow.SlowestHeal)), fmt.Sprintf("%s, seed %d", slow.Scenario, slow.Seed), "gap"})
	}
	return cards
}

func resultCard(runs []Summary) card {
	n := map[check.Result]int{}
	for _, r := range runs {
		n[r.Result]++
	}
	return card{"Passed", fmt.Sprintf("%s of %s", group(n[check.Pass]), group(len(runs))),
		fmt.Sprintf("%s, %d inconclusive, %s", plural(n[check.Violated], "violation"), n[check.Inconclusive], plural(n[check.HarnessError], "harness error")), "count"}
}

// recoveryChart draws every recovery as a dot in its scenario's row, and the
// median as a stroke; nil if there was none.
func recoveryChart(rows []indexRow) (*drawn, error) {
	var with []indexRow
	longest := 0.0
	for _, r := range rows {
		if n := len(r.recoveries); n > 0 {
			with = append(with, r)
			longest = max(longest, r.recoveries[n-1].Seconds())
		}
	}
	if len(with) == 0 {
		return nil, nil
	}
	n := float64(len(with))
	c := chart{label: "Recovery times by scenario", height: vg.Length(40 + 30*n), to: longest * 1.06, top: n}
	c.over = []plotFunc{func(a area) {
		for i, r := range with {
			a.recoveries(r, n-float64(i)-1)
		}
	}}
	svg, err := c.render()
	if err != nil {
		return nil, err
	}
	return &drawn{Title: "Recovery times", Note: "a dot for each healing, a stroke for the median", SVG: svg}, nil
}

// recoveries draws a scenario's row: its name above, its dots below.
func (a area) recoveries(r indexRow, low float64) {
	a.label(faint, r.Name, 0, low+0.78, 0)
	a.StrokeLine2(draw.LineStyle{Color: gridLine, Width: 0.7}, a.Min.X, a.y(low+0.3), a.Max.X, a.y(low+0.3))
	for _, d := range r.recoveries {
		at := vg.Point{X: a.x(d.Seconds()), Y: a.y(low + 0.3)}
		a.DrawGlyph(draw.GlyphStyle{Color: writeInk, Radius: 3, Shape: draw.CircleGlyph{}}, at)
	}
	median := r.recoveries[(len(r.recoveries)-1)/2].Seconds()
	a.bar(ink, median, median+math.SmallestNonzeroFloat64, low+0.1, low+0.5)
}
