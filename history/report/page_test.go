package report

import (
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"raftkv/history"
	"raftkv/history/check"
)

// drawing is what a test looks at in an SVG of the page.
type drawing struct {
	class string
	texts map[string][]float64 // where each text begins, in the drawing's units
}

func drawings(t *testing.T, html string) []drawing {
	t.Helper()
	var all []drawing
	for _, part := range strings.Split(html, "<svg ")[1:] {
		svg, _, _ := strings.Cut(part, "</svg>")
		d := drawing{texts: map[string][]float64{}}
		dec := xml.NewDecoder(strings.NewReader("<svg " + svg + "</svg>"))
		var x string
		for {
			tok, err := dec.Token()
			if err != nil {
				break
			}
			switch e := tok.(type) {
			case xml.StartElement:
				for _, a := range e.Attr {
					if e.Name.Local == "svg" && a.Name.Local == "class" {
						d.class = a.Value
					}
					if e.Name.Local == "text" && a.Name.Local == "x" {
						x = a.Value
					}
				}
			case xml.CharData:
				if s := strings.TrimSpace(string(e)); s != "" {
					at, err := strconv.ParseFloat(x, 64)
					require.NoError(t, err)
					d.texts[s] = append(d.texts[s], at)
				}
			}
		}
		all = append(all, d)
	}
	return all
}

// begins gives where a text begins in the drawings of one size.
func begins(all []drawing, class, text string) []float64 {
	var at []float64
	for _, d := range all {
		if d.class == class {
			at = append(at, d.texts[text]...)
		}
	}
	return at
}

func TestHeightsAreNamedInTheGutter(t *testing.T) {
	all := drawings(t, written(t, killed(10, 8)))
	for _, s := range sizes {
		for _, text := range []string{"200/s", "10 ms", "leader", "fault", "p3"} {
			at := begins(all, s.class, text)
			require.NotEmpty(t, at, "%s %s", s.class, text)
			for _, x := range at {
				require.Less(t, x, float64(s.gutter), "%s %s", s.class, text)
				require.GreaterOrEqual(t, x, 0.0, "%s %s", s.class, text)
			}
		}
	}
}

func TestALongTitleStaysWithinTheChart(t *testing.T) {
	const name = "cut the leader from its peers"
	for _, hold := range []int64{1, 20, 50, 90} { // hundredths of the run
		d := killed(10, 4)
		f := &d.Timeline.Faults[0]
		f.Name, f.From, f.To = name, second, second+hold*second/10
		all := drawings(t, written(t, d))
		for _, s := range sizes {
			style, found := area{text: s.text}.style(ink, 0), 0
			for _, drawn := range all {
				for text, at := range drawn.texts {
					if drawn.class != s.class || !strings.HasPrefix(text, "cut the leader") {
						continue
					}
					found++ // whole, or cut with a …
					require.GreaterOrEqual(t, at[0], float64(s.gutter), text)
					require.LessOrEqual(t, at[0]+float64(style.Width(text)), float64(s.width), text)
				}
			}
			require.Equal(t, 1, found, "%s, %d", s.class, hold)
		}
	}
}

// Where there is no room for the whole title, faults of one name are told apart by
// their nodes, and those of several by their names.
func TestFaultsOfSeveralNamesAreNamed(t *testing.T) {
	for _, names := range [][]string{{"slow all links", "hand over leadership"}, {"slow all links", "slow all links"}} {
		d := killed(10, 4)
		f := d.Timeline.Faults[0]
		d.Timeline.Faults = nil
		for i, name := range names {
			f.Name, f.From, f.To = name, second+int64(4*i)*second, 3*second+int64(4*i)*second
			f.Targets = []string{"n1", "n2", "n3", "n4", "n5"}
			d.Timeline.Faults = append(d.Timeline.Faults, f)
		}
		texts := map[string]bool{}
		for _, drawn := range drawings(t, written(t, d)) {
			for text := range drawn.texts {
				texts[text] = true
			}
		}
		require.Equal(t, names[0] != names[1], texts["slow all links"], names)
		require.Equal(t, names[0] != names[1], texts["hand over leadership"], names)
	}
}

func TestTheFinalReadsAreMarked(t *testing.T) {
	d := killed(10, 4)
	require.NotContains(t, written(t, d), "final reads")
	d.Timeline.Phases = []history.Span{{Name: history.FinalPhase, From: 9 * second, To: 10 * second}}
	require.Contains(t, written(t, d), "final reads")
}

func TestWithoutOperationsThereIsNoChart(t *testing.T) {
	html := written(t, Data{Verdict: check.Judge(nil, check.Options{
		Errors: []string{"start cluster: unknown flag"}, Floors: []check.Floor{{Min: 30}},
	})})
	for _, bad := range []string{"<svg", "Floors", "1.00", "<h2>Operations"} {
		require.NotContains(t, html, bad)
	}
	require.Contains(t, html, "unknown flag")
}

func TestRatesHaveDifferentLabels(t *testing.T) {
	for _, top := range []float64{1, 1.2, 2, 3, 7, 1000} {
		seen := map[string]bool{}
		for _, tick := range linearTicks(top, "/s") {
			require.False(t, seen[tick.text], "%v: %s", top, tick.text)
			seen[tick.text] = true
		}
	}
}

func TestThePageSaysWhereTheOtherViolationsAre(t *testing.T) {
	d := killed(10, 4)
	d.Verdict = check.Verdict{Result: check.Violated, Counts: map[check.Kind]int{check.StaleRead: 25, check.LostWrite: 4}}
	for i := range 24 {
		x := check.Violation{Kind: check.StaleRead, Key: fmt.Sprint(i), Words: "Stale."}
		if i >= 20 {
			x.Kind = check.LostWrite
		}
		d.Verdict.Violations = append(d.Verdict.Violations, x)
	}
	html := written(t, d)
	require.Equal(t, 3, strings.Count(html, "<h3>stale read"))
	require.Equal(t, 3, strings.Count(html, "<h3>lost acknowledged write"), "one kind does not push out the other")
	require.Contains(t, html, "6 of 29 violations are shown here; verdict.json has 24 of them")
}

func TestLanesAreNamedAfterProcessAndNode(t *testing.T) {
	call := func(p int, node string, at int64, outcome history.Outcome) history.Operation {
		return history.Operation{Process: p, Node: node, F: history.Put, Call: at, Return: at + milli, Outcome: outcome}
	}
	var ls laneSet
	for i, o := range []history.Operation{
		call(3, "", 0, history.OutcomeOk), call(17, "5", 1, history.OutcomeOk), call(8, "1", 2, history.OutcomeUnknown),
		call(3, "", 3*milli, history.OutcomeOk), call(20, "2", 9*milli, history.OutcomeOk), call(20, "4", 11*milli, history.OutcomeOk),
	} {
		o.GaveUp = o.Return
		row, ok := ls.of(o)
		require.True(t, ok)
		require.Equal(t, []int{0, 1, 2, 0, 2, 2}[i], row)
	}
	require.Equal(t, "p3", ls[0].name())
	require.Equal(t, "p17 n5", ls[1].name())
	require.Equal(t, "p20", ls[2].name(), "it took over the lane of a process that ended, and roams")
}

func TestOfSeveralFaultsTheNodesAreTold(t *testing.T) {
	d := killed(10, 4)
	d.Timeline.Faults = nil
	for i := range int64(5) {
		d.Timeline.Faults = append(d.Timeline.Faults, history.Span{Name: "restart a node", Targets: []string{fmt.Sprint(i + 1)}, From: (2 + i) * second, To: (2+i)*second + 800*milli})
	}
	all := drawings(t, written(t, d))
	for _, node := range []string{"node 2", "node 3", "node 4"} {
		require.NotEmpty(t, begins(all, "wide", node))
	}
	require.NotEmpty(t, begins(all, "narrow", "n3"))
}
