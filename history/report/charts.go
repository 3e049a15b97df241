package report

import (
	"bytes"
	"fmt"
	"html/template"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// chart is one drawing before it has a size.
type chart struct {
	label    string
	height   vg.Length
	from, to float64 // seconds
	low, top float64
	log      bool
	// under and over are drawn below and above the grid, which is drawn at the
	// heights of ticks.
	under, over []plotFunc
	lines       []line
	ticks       []tick
	// names stand in the gutter without a line.
	names []tick
}

type tick struct {
	at   float64
	text string
}

// line is a curve with a place for breaks: points with a NaN height.
type line struct {
	paint  paint
	width  vg.Length
	dashes []vg.Length
	points plotter.XYs
}

// render draws the chart in every size.
func (c chart) render() (template.HTML, error) {
	var out bytes.Buffer
	for _, s := range sizes {
		p, err := c.plot(s)
		if err != nil {
			return "", fmt.Errorf("draw %s: %w", c.label, err)
		}
		canvas := newCanvas(s.width, c.height)
		p.Draw(draw.Crop(draw.New(canvas), s.gutter, 0, 0, 0))
		var svg bytes.Buffer
		if _, err := canvas.WriteTo(&svg); err != nil {
			return "", fmt.Errorf("draw %s: %w", c.label, err)
		}
		out.Write(themed(svg.Bytes(), s.class, template.HTMLEscapeString(c.label)))
	}
	return template.HTML(out.String()), nil
}

func (c chart) plot(s size) (*plot.Plot, error) {
	p := plot.New()
	p.BackgroundColor = nil
	p.HideY()
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = c.from, c.to, c.low, c.top
	p.X.Padding, p.Y.Padding = 0, 0
	p.X.LineStyle.Color, p.X.Tick.LineStyle.Color = gridLine, gridLine
	p.X.Tick.Label.Color, p.X.Tick.Label.Font = faint, sans(s.text)
	p.X.Tick.Marker = secondsTicks{about: int(s.width / 64), edge: float64(18 / s.width)}
	if c.log {
		p.Y.Scale = plot.LogScale{}
	}
	for _, f := range c.under {
		p.Add(plotterOf{s.text, f})
	}
	p.Add(plotterOf{s.text, c.grid})
	for _, l := range c.lines {
		if err := l.add(p); err != nil {
			return nil, err
		}
	}
	for _, f := range c.over {
		p.Add(plotterOf{s.text, f})
	}
	// Adding curves may have widened the ranges; all charts share theirs.
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = c.from, c.to, c.low, c.top
	return p, nil
}

func (c chart) grid(a area) {
	for _, t := range c.ticks {
		y := a.y(t.at)
		a.StrokeLine2(draw.LineStyle{Color: gridLine, Width: 0.7}, a.Min.X, y, a.Max.X, y)
		a.beside(t.text, y)
	}
	for _, n := range c.names {
		a.beside(n.text, a.y(n.at))
	}
}

// add draws each unbroken piece of the curve, a lone point as a short stroke.
func (l line) add(p *plot.Plot) error {
	for start := 0; start < len(l.points); {
		end := start
		for end < len(l.points) && !math.IsNaN(l.points[end].Y) {
			end++
		}
		if end > start {
			curve, err := plotter.NewLine(widened(l.points[start:end]))
			if err != nil {
				return err
			}
			curve.LineStyle = draw.LineStyle{Color: l.paint, Width: l.width, Dashes: l.dashes}
			p.Add(curve)
		}
		start = end + 1
	}
	return nil
}

func widened(points plotter.XYs) plotter.XYs {
	if len(points) == 1 {
		p := points[0]
		return plotter.XYs{p, {X: p.X + 0.02, Y: p.Y}}
	}
	return points
}

// secondsTicks puts about so many labels at round seconds, but none so near an
// edge, as a part of the width, that it would be cut.
type secondsTicks struct {
	about int
	edge  float64
}

// Ticks implements plot.Ticker.
func (t secondsTicks) Ticks(low, high float64) []plot.Tick {
	step, margin := roundStep((high-low)/float64(t.about)), (high-low)*t.edge
	var ticks []plot.Tick
	for i := math.Ceil((low + margin) / step); i*step <= high-margin; i++ {
		ticks = append(ticks, plot.Tick{Value: i * step, Label: fmt.Sprintf("%.4g s", i*step)})
	}
	return ticks
}

// roundStep is the least of 1, 2, 5 times a power of ten that is at least v.
func roundStep(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 5} {
		if m*power >= v {
			return m * power
		}
	}
	return 10 * power
}

// linearTicks are two or three heights up to top, in whole units.
func linearTicks(top float64, unit string) []tick {
	var ticks []tick
	step := max(roundStep(top/3), 1)
	for v := step; v <= top; v += step {
		ticks = append(ticks, tick{v, group(int(math.Round(v))) + unit})
	}
	return ticks
}

// logTicks are the powers of ten in milliseconds between low and top.
func logTicks(low, top float64) []tick {
	var ticks []tick
	for v := math.Pow(10, math.Ceil(math.Log10(low))); v <= top; v *= 10 {
		text := fmt.Sprintf("%g ms", v)
		if v >= 1000 {
			text = fmt.Sprintf("%g s", v/1000)
		}
		ticks = append(ticks, tick{v, text})
	}
	return ticks
}
