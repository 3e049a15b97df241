package report

import (
	"embed"
	"fmt"
	"html/template"
	"io"

	"raftkv/history"
	"raftkv/history/check"
)

// Data is what a report is drawn from. Times are those of the recorder's clock.
type Data struct {
	Run        history.Run
	Timeline   history.Timeline
	Operations []history.Operation
	Verdict    check.Verdict
}

//go:embed page.html index.html style.html
var pages embed.FS

var templates = template.Must(template.ParseFS(pages, "*.html"))

// content is what the page shows, ready for the template.
type content struct {
	Data
	Cards      []card
	Violations []proof
	More       string
	Charts     []drawn
	Counts     []countRow
	Faults     []history.Span
	MoreFaults string
	MoreFloors string
	Marks      []moment
	Headline   string
	Tone       string
}

type drawn struct {
	Title, Note string
	Legend      []swatch
	SVG         template.HTML
}

type swatch struct{ Class, Text string }

type countRow struct {
	Function          string
	Ok, Fail, Unknown int
}

type moment struct{ At, Text string }

// Write writes the report as one page of HTML. Its size is bounded whatever the
// length of the run.
func Write(w io.Writer, d Data) error {
	c, err := fill(d)
	if err != nil {
		return err
	}
	if err := templates.ExecuteTemplate(w, "page.html", c); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

func fill(d Data) (content, error) {
	v := newView(d)
	c := content{Data: shorten(d), Cards: story(d), Counts: counts(d), Faults: v.spans(),
		Headline: headline(d.Verdict), Tone: tone(d.Verdict.Result)}
	c.MoreFaults = beyond(len(d.Timeline.Faults), len(c.Faults), "timeline.json")
	c.MoreFloors = beyond(len(d.Verdict.Floors), len(c.Verdict.Floors), "verdict.json")
	for _, x := range choose(d.Verdict.Violations) {
		c.Violations = append(c.Violations, prove(x))
	}
	c.More = more(len(c.Violations), d.Verdict)
	for _, m := range nearest(v, d.Timeline.Marks, func(m history.Mark) (from, to int64) { return m.Time, m.Time }) {
		c.Marks = append(c.Marks, moment{clock(m.Time), m.Text})
	}
	if len(d.Operations) == 0 { // nothing to draw, and no floor says anything
		c.Verdict.Floors = nil
		return c, nil
	}
	var err error
	c.Charts, err = v.charts()
	return c, err
}

// sheet is a chart with what the page writes above it.
type sheet struct {
	drawn
	chart
}

// charts renders the page's sheets.
func (v view) charts() ([]drawn, error) {
	var out []drawn
	for _, s := range v.sheets() {
		svg, err := s.render()
		if err != nil {
			return nil, err
		}
		s.SVG = svg
		out = append(out, s.drawn)
	}
	return out, nil
}

// sheets are in the order of the page. All but the last share one time axis, so
// that a fault is at the same place in each. Links and lags are left out if
// nothing is known of them, as of a run recorded before they were.
func (v view) sheets() []sheet {
	all := []sheet{{drawn{Title: "Faults and leader"}, v.events()}}
	if s, ok := v.links(); ok {
		all = append(all, s)
	}
	all = append(all,
		sheet{drawn{Title: "Throughput", Note: fmt.Sprintf("operations a second that succeeded, in slices of %s", duration(v.series.width)),
			Legend: []swatch{{"write", "writes"}, {"read", "reads"}, {"fault", "fault"}, {"gap", "no write succeeds"}}}, v.throughput()},
		sheet{drawn{Title: "Latency", Note: "of what succeeded", Legend: []swatch{{"ink", "median"}, {"tail", "99th percentile"}}}, v.latency()})
	if s, ok := v.lags(); ok {
		all = append(all, s)
	}
	lanes := v.lanes()
	return append(all, sheet{drawn{Title: "Clients, close up", Note: fmt.Sprintf("a lane for each process (p), with the node (n) that it is pinned on, from %.2f s to %.2f s", lanes.from, lanes.to),
		Legend: []swatch{{"write", "write ok"}, {"read", "read ok"}, {"fail", "failed"}, {"unknown", "unknown"}}}, lanes})
}

func tone(r check.Result) string {
	switch r {
	case check.Pass:
		return "good"
	case check.Violated:
		return "bad"
	default:
		return "open"
	}
}

func counts(d Data) []countRow {
	var rows []countRow
	for _, f := range []history.Function{history.Get, history.Put, history.Delete, history.CAS} {
		by := d.Verdict.Outcomes[string(f)]
		if len(by) == 0 {
			continue
		}
		rows = append(rows, countRow{string(f), by[string(history.OutcomeOk)], by[string(history.OutcomeFail)], by[string(history.OutcomeUnknown)]})
	}
	return rows
}

// Methods for the template.

// StartedAt is the run's start in words, empty if unknown.
func (c content) StartedAt() string {
	if c.Run.Started.IsZero() {
		return ""
	}
	return c.Run.Started.Format("2006-01-02 15:04:05 MST")
}

// Clock writes an instant.
func (c content) Clock(ns int64) string { return clock(ns) }
