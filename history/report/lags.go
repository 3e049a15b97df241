package report

import (
	"math"
	"slices"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"raftkv/history"
)

// lags is the chart of how far each node was behind; false if no node told. Its
// scale is linear: healthy nodes, which are asked one by one and so seem to be a
// few entries apart, are then one line at the bottom.
func (v view) lags() (sheet, bool) {
	c := v.chart("Entries that each node is behind the highest commit index, over time", 170)
	var legend []swatch
	for _, n := range v.data.Timeline.Lags.Nodes {
		points, most := v.behind(n)
		if most < 0 {
			continue
		}
		c.top = max(c.top, most)
		p := v.nodePaint(n.Node)
		c.lines = append(c.lines, line{paint: p.paint, width: 1.8, dashes: p.dashes, points: points})
		legend = append(legend, swatch{p.class(), name(n.Node)})
	}
	if len(legend) == 0 {
		return sheet{}, false
	}
	c.top = max(c.top, 10) * 1.2
	c.low = -c.top / 40 // so that no line lies on the axis
	c.ticks = append(linearTicks(c.top/1.1, ""), tick{0, "0"})
	return sheet{drawn{Title: "Replication lag", Legend: legend,
		Note: "entries that a node has yet to apply of what is committed, by the nodes’ own word; a gap: no answer, or no member"}, c}, true
}

// behind is a node's curve within the chart, with breaks where it did not answer,
// and the greatest lag; that is less than 0 if there is none.
func (v view) behind(n history.NodeLags) (plotter.XYs, float64) {
	t := v.data.Timeline.Lags
	points, most := make(plotter.XYs, 0, len(n.Behind)), -1.0
	for i, b := range n.Behind {
		at := t.From + int64(i)*t.Width + t.Width/2
		if at < v.from || at > v.to {
			continue
		}
		y := float64(b)
		if b == history.NoAnswer {
			y = math.NaN()
		}
		points, most = append(points, plotter.XY{X: secondsOf(at), Y: y}), max(most, float64(b))
	}
	return plain(points), most
}

// plain leaves out the points of a curve that lie between two of their height.
func plain(points plotter.XYs) plotter.XYs {
	var out plotter.XYs
	for i, p := range points {
		if i > 0 && i < len(points)-1 && points[i-1].Y == p.Y && points[i+1].Y == p.Y {
			continue
		}
		out = append(out, p)
	}
	return out
}

// nodePaint is how a node is drawn in every chart that tells nodes apart.
type nodePaint struct {
	paint  paint
	dashes []vg.Length
}

// nodePaint goes by a node's place among all. Where the paints are used up they
// come again with dashes.
func (v view) nodePaint(node string) nodePaint {
	i := slices.Index(v.nodes, node)
	p := nodePaint{paint: leader0 + paint(i%leaderPaints)}
	if i >= leaderPaints {
		p.dashes = []vg.Length{5, 3}
	}
	return p
}

func (p nodePaint) class() string {
	if p.dashes != nil {
		return paintNames[p.paint] + " dashed"
	}
	return paintNames[p.paint]
}

// nodeNames are all nodes that the timeline speaks of.
func nodeNames(t history.Timeline) []string {
	var all []string
	for _, n := range t.Lags.Nodes {
		all = append(all, n.Node)
	}
	for _, l := range t.Leaders {
		if l.Node != "" {
			all = append(all, l.Node)
		}
	}
	slices.SortFunc(all, byNumber)
	return slices.Compact(all)
}
