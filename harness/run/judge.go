package run

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"time"

	"raftkv/history"
	"raftkv/history/check"
	"raftkv/history/report"
)

// ErrNotARun means that a folder is not what a run has left behind.
var ErrNotARun = errors.New("not a run's folder (give one that chaos run made, such as runs/<time>-<scenario>-<seed>)")

// drawn bounds how many failed keys get a drawing of their own.
const drawn = 5

// Case is what is judged besides the history itself.
type Case struct {
	Run      history.Run
	Timeline history.Timeline
	Options  check.Options
	// Nodes is what JudgeNodes said.
	Nodes Nodes
	// Smaller is the command that looks for a smaller schedule. It is shown where
	// there is something to look for: in a run that did not pass.
	Smaller string
}

// Operations reads the folder's history back from disk: what is judged is what
// was kept, and nothing else.
func (f Folder) Operations() ([]history.Operation, error) {
	in, err := os.Open(f.File(HistoryFile))
	if err != nil {
		return nil, fmt.Errorf("read history: %w", err)
	}
	defer in.Close()
	ops, err := history.ReadOperations(in, history.FormatJSONL)
	if err != nil {
		return nil, fmt.Errorf("read history: %w", err)
	}
	return ops, nil
}

// Judge gives the verdict over ops and writes everything that tells about it
// into the folder. The error is about writing; the verdict holds all the same.
func (f Folder) Judge(c Case, ops []history.Operation) (check.Verdict, error) {
	v := check.Judge(ops, c.Nodes.With(c.Options))
	return v, f.publish(c, ops, v)
}

// publish writes verdict, timeline, report and drawings. All are tried; the
// first error is returned.
func (f Folder) publish(c Case, ops []history.Operation, v check.Verdict) error {
	if c.Smaller != "" && v.Result != check.Pass {
		c.Run.Commands = append(slices.Clone(c.Run.Commands), c.Smaller)
	}
	d := report.Data{Run: c.Run, Timeline: c.Timeline, Operations: ops, Verdict: v}
	var first error
	for _, err := range []error{
		f.WriteJSON(RunFile, c.Run),
		f.WriteJSON(TimelineFile, c.Timeline),
		f.WriteJSON(ToldFile, c.Options),
		f.write(VerdictFile, v.WriteJSON),
		f.write(JUnitFile, func(w io.Writer) error { return v.WriteJUnit(w, suite(c.Run), c.Run.Duration) }),
		f.write(ReportFile, func(w io.Writer) error { return report.Write(w, d) }),
		f.draw(ops, v, c.Timeline.Faults),
	} {
		if first == nil {
			first = err
		}
	}
	return first
}

// draw draws the keys that violations are about.
func (f Folder) draw(ops []history.Operation, v check.Verdict, faults []history.Span) error {
	done := map[string]bool{}
	for _, violation := range v.Violations {
		key := violation.Key
		if key == "" || done[key] || len(done) == drawn {
			continue
		}
		done[key] = true
		name := "linearizability-" + url.PathEscape(key) + ".html"
		err := f.write(name, func(w io.Writer) error { return check.Draw(w, ops, key, faults) })
		if err != nil {
			return err
		}
	}
	return nil
}

// Fail writes the verdict of a run whose history cannot be judged: a harness error,
// unless a violation was found without it.
func (f Folder) Fail(c Case, err error) (check.Verdict, error) {
	c.Options.Errors = append(slices.Clone(c.Options.Errors), err.Error())
	v := check.Judge(nil, c.Nodes.With(c.Options))
	return v, f.publish(c, nil, v)
}

// Told is what the judge of this run was told besides the history and the nodes' own
// events: floors, notes, errors, and the violations that the runner saw. A folder
// that was not judged has nothing of it.
func (f Folder) Told() (check.Options, error) {
	var o check.Options
	err := f.ReadJSON(ToldFile, &o)
	if errors.Is(err, os.ErrNotExist) {
		return check.Options{}, nil
	}
	return o, err
}

// Render writes the report again from the folder's files. ErrNotARun if it has
// none of them.
func (f Folder) Render() error {
	if _, err := os.Stat(f.File(RunFile)); errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s: %w", f.Path, ErrNotARun)
	}
	var d report.Data
	if err := f.ReadJSON(RunFile, &d.Run); err != nil {
		return err
	}
	if err := f.ReadJSON(TimelineFile, &d.Timeline); err != nil {
		return err
	}
	if err := f.ReadJSON(VerdictFile, &d.Verdict); err != nil {
		return err
	}
	ops, err := f.Operations()
	if err != nil {
		return err
	}
	d.Operations = ops
	return f.write(ReportFile, func(w io.Writer) error { return report.Write(w, d) })
}

// Took rounds a duration as it is shown to people.
func Took(d time.Duration) time.Duration {
	if d < time.Second {
		return d.Round(time.Millisecond)
	}
	return d.Round(10 * time.Millisecond)
}

func suite(r history.Run) string {
	return fmt.Sprintf("%s/%s/seed-%d", r.Driver, r.Scenario, r.Seed)
}
