package report

import (
	"bytes"
	"fmt"
	"image/color"
	"regexp"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// paint is a colour by role. The library draws it as a colour that stands for
// the role, and the SVG gets the page's CSS variable in its place, so that one
// drawing serves light and dark.
type paint uint8

// The roles. The order is that of paintNames.
const (
	ink paint = iota + 1
	faint
	gridLine
	faultShade
	faultInk
	readInk
	writeInk
	failInk
	unknownInk
	gapShade
	gapInk
	onBar
	tailInk
	leader0
	leader1
	leader2
	leader3
	leader4
	dropInk
	holdInk
	rejectInk
	shapedInk
)

const leaderPaints = 5

var paintNames = map[paint]string{
	ink: "ink", faint: "faint", gridLine: "grid", faultShade: "fault-shade", faultInk: "fault",
	readInk: "read", writeInk: "write", failInk: "fail", unknownInk: "unknown",
	gapShade: "gap-shade", gapInk: "gap", onBar: "on-bar", tailInk: "tail",
	leader0: "leader-0", leader1: "leader-1", leader2: "leader-2", leader3: "leader-3", leader4: "leader-4",
	dropInk: "drop", holdInk: "hold", rejectInk: "reject", shapedInk: "shaped",
}

// RGBA implements color.Color. The red marks it as a role; no other colour is
// used in a drawing.
func (p paint) RGBA() (r, g, b, a uint32) {
	return color.RGBA{R: 0xF0, B: uint8(p), A: 0xFF}.RGBA()
}

var rolePattern = regexp.MustCompile(`#F000([0-9A-F]{2})`)

// themed takes the SVG out of its XML prologue, puts CSS variables where colours
// stand, and lets the page decide on size and font.
func themed(svg []byte, class, label string) []byte {
	if i := bytes.Index(svg, []byte("<svg")); i >= 0 {
		svg = svg[i:]
	}
	svg = rolePattern.ReplaceAllFunc(svg, func(m []byte) []byte {
		var n paint
		fmt.Sscanf(string(m[5:]), "%02X", &n)
		return []byte("var(--" + paintNames[n] + ")")
	})
	head := regexp.MustCompile(`<svg width="[^"]*" height="[^"]*"`)
	return head.ReplaceAll(svg, fmt.Appendf(nil, `<svg class="%s" role="img" aria-label="%s"`, class, label))
}

// sans is the font that text is measured with; the page's own is close to it.
func sans(size vg.Length) font.Font {
	return font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}
}

// size is a drawing's, in CSS pixels at full width.
type size struct {
	width, text vg.Length
	// gutter is the space on the left for the names of heights.
	gutter vg.Length
	class  string
}

// Each chart is drawn twice, and the page shows the one that fits.
var sizes = []size{{width: 1000, text: 12, gutter: 64, class: "wide"}, {width: 360, text: 11, gutter: 50, class: "narrow"}}

func newCanvas(w, h vg.Length) *vgsvg.Canvas { return vgsvg.NewWith(vgsvg.UseWH(w, h)) }
