package run

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/jstemmer/go-junit-report/v2/junit"

	"raftkv/history"
	"raftkv/history/check"
	"raftkv/history/report"
)

// IndexFile is the page over many runs.
const IndexFile = "index.html"

// IsRun says whether the folder is what a run has left behind.
func (f Folder) IsRun() bool {
	_, err := os.Stat(f.File(RunFile))
	return err == nil
}

// Find gives the folders of runs among dirs and right below them, oldest name
// first. ErrNotARun if there is none.
func Find(dirs ...string) ([]Folder, error) {
	var found []Folder
	for _, dir := range dirs {
		if f := (Folder{Path: dir}); f.IsRun() {
			found = append(found, f)
			continue
		}
		below, err := filepath.Glob(filepath.Join(dir, "*", RunFile))
		if err != nil {
			return nil, fmt.Errorf("look for runs: %w", err)
		}
		deeper, err := filepath.Glob(filepath.Join(dir, "*", "*", RunFile)) // as CI downloads its artifacts
		if err != nil {
			return nil, fmt.Errorf("look for runs: %w", err)
		}
		for _, file := range slices.Concat(below, deeper) {
			found = append(found, Folder{Path: filepath.Dir(file)})
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s: %w, nor is one in it", strings.Join(dirs, ", "), ErrNotARun)
	}
	return found, nil
}

// WriteIndex writes one page over the runs, and one JUnit file of all, into the
// folder to, and returns the page's path. Links are relative, so that the whole
// can be moved.
func WriteIndex(to string, runs []Folder) (string, error) {
	var all []report.Summary
	var suites junit.Testsuites
	for _, f := range runs {
		s, err := f.summary(to)
		if err != nil {
			return "", err
		}
		all = append(all, s)
		if err := f.addJUnit(&suites); err != nil {
			return "", err
		}
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return "", fmt.Errorf("write the page over many runs: %w", err)
	}
	out := Folder{Path: to}
	err := out.write(IndexFile, func(w io.Writer) error { return report.WriteIndex(w, all) })
	return out.File(IndexFile), errors.Join(err, out.write(JUnitFile, func(w io.Writer) error { return suites.WriteXML(w) }))
}

// summary is the run in a line, with a link that leads there from the folder.
func (f Folder) summary(from string) (report.Summary, error) {
	var r history.Run
	var v check.Verdict
	var s Schedule
	err := errors.Join(f.ReadJSON(RunFile, &r), f.ReadJSON(VerdictFile, &v), f.ReadJSON(ScheduleFile, &s))
	if err != nil {
		return report.Summary{}, err
	}
	link, err := relative(from, f.File(ReportFile))
	if err != nil {
		return report.Summary{}, err
	}
	sum := report.Summary{
		Scenario: r.Scenario, Driver: r.Driver, Seed: r.Seed, Started: r.Started,
		Result: v.Result, Words: v.Summary, Link: link, Gap: r.Gap,
	}
	for _, step := range s.Steps {
		if step.Recovered != 0 {
			sum.Recoveries = append(sum.Recoveries, time.Duration(step.Recovered-step.Healed))
		}
		if step.Healed != 0 {
			sum.SlowestHeal = max(sum.SlowestHeal, time.Duration(step.Healed-step.Heal))
		}
	}
	return sum, nil
}

func relative(from, to string) (string, error) {
	from, err := filepath.Abs(from)
	if err != nil {
		return "", fmt.Errorf("link to a report: %w", err)
	}
	if to, err = filepath.Abs(to); err != nil {
		return "", fmt.Errorf("link to a report: %w", err)
	}
	link, err := filepath.Rel(from, to)
	if err != nil {
		return "", fmt.Errorf("link to a report: %w", err)
	}
	return filepath.ToSlash(link), nil
}

// addJUnit adds the run's own suites.
func (f Folder) addJUnit(all *junit.Testsuites) error {
	data, err := os.ReadFile(f.File(JUnitFile))
	if err != nil {
		return fmt.Errorf("read run folder: %w", err)
	}
	var own junit.Testsuites
	if err := xml.Unmarshal(data, &own); err != nil {
		return fmt.Errorf("read %s: %w", f.File(JUnitFile), err)
	}
	for _, s := range own.Suites {
		all.AddSuite(s)
	}
	return nil
}
