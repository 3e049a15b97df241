package report

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// plotFunc is a plot.Plotter made of a function that draws on the data area,
// with the chart's coordinates at hand.
type plotFunc func(area)

// area is where a chart's data is drawn.
type area struct {
	draw.Canvas
	plot *plot.Plot
	text vg.Length
}

type plotterOf struct {
	text vg.Length
	f    plotFunc
}

// Plot implements plot.Plotter.
func (p plotterOf) Plot(c draw.Canvas, pl *plot.Plot) { p.f(area{c, pl, p.text}) }

func (a area) x(seconds float64) vg.Length {
	x, _ := a.plot.Transforms(&a.Canvas)
	return min(max(x(seconds), a.Min.X), a.Max.X)
}

func (a area) y(v float64) vg.Length {
	_, y := a.plot.Transforms(&a.Canvas)
	return y(v)
}

// bar fills a rectangle between two instants and two heights. It is never
// thinner than what the eye sees.
func (a area) bar(c color.Color, from, to, low, high float64) {
	x0, x1 := a.x(from), a.x(to)
	if x1-x0 < 1.5 {
		x1 = x0 + 1.5
	}
	y0, y1 := a.y(low), a.y(high)
	a.FillPolygon(c, []vg.Point{{X: x0, Y: y0}, {X: x1, Y: y0}, {X: x1, Y: y1}, {X: x0, Y: y1}})
}

// shade fills the whole height between two instants.
func (a area) shade(c color.Color, from, to float64) {
	x0, x1 := a.x(from), a.x(to)
	x1 = max(x1, x0+1.5)
	a.FillPolygon(c, []vg.Point{{X: x0, Y: a.Min.Y}, {X: x1, Y: a.Min.Y}, {X: x1, Y: a.Max.Y}, {X: x0, Y: a.Max.Y}})
}

func (a area) vertical(c color.Color, at float64) {
	x := a.x(at)
	a.StrokeLine2(draw.LineStyle{Color: c, Width: 1}, x, a.Min.Y, x, a.Max.Y)
}

func (a area) style(c color.Color, align draw.XAlignment) draw.TextStyle {
	return draw.TextStyle{
		Color: c, Font: sans(a.text), XAlign: align, YAlign: draw.YCenter, Handler: plot.DefaultTextHandler,
	}
}

// beside writes the name of a height into the gutter.
func (a area) beside(s string, y vg.Length) {
	a.before(faint, s, a.Min.X-3, y)
}

// wider is by how much a reader's font may be wider than the one measured with.
const wider = 1.2

// before writes text that ends before x.
func (a area) before(c color.Color, s string, x, y vg.Length) {
	style := a.style(c, draw.XLeft)
	a.FillText(style, vg.Point{X: x - 3 - style.Width(s)*wider, Y: y}, s)
}

// label writes text at an instant and a height, kept within the chart. It is cut
// to what fits in room, if room is not 0, and left out if little of it would be.
func (a area) label(c color.Color, s string, at, height float64, room vg.Length) {
	style := a.style(c, draw.XLeft)
	if room > 0 {
		if s = fit(style, s, room); s == "" {
			return
		}
	}
	x := min(a.x(at)+3, a.Max.X-style.Width(s))
	a.FillText(style, vg.Point{X: max(x, a.Min.X), Y: a.y(height)}, s)
}

func fit(style draw.TextStyle, s string, room vg.Length) string {
	if style.Width(s)+6 <= room {
		return s
	}
	r := []rune(s)
	for n := len(r) - 1; n >= 2; n-- {
		if cut := string(r[:n]) + "…"; style.Width(cut)+6 <= room {
			return cut
		}
	}
	return ""
}
