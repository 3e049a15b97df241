package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"time"

	"raftkv/history/check"
)

// Summary is one run among many. Durations are 0 where there is nothing to tell.
type Summary struct {
	Scenario, Driver string
	Seed             int64
	Result           check.Result
	// Words is the verdict in a line.
	Words string
	// Link leads from the page to the run's own report.
	Link    string
	Started time.Time
	// Recoveries are, for each fault, the time from its proved healing until a
	// write called after that had committed.
	Recoveries []time.Duration
	// SlowestHeal is the longest that a healing and its proof took, Gap the
	// longest time without an acknowledged write.
	SlowestHeal, Gap time.Duration
}

// index is what the page over many runs shows.
type index struct {
	Headline, Tone, When string
	Result               check.Result
	Cards                []card
	Columns              []string
	Rows                 []indexRow
	Drivers              bool
	Wrong                []wrong
	Recovery             *drawn
}

// indexRow is all about one scenario.
type indexRow struct {
	Name                     string
	Cells                    [][]cell
	Runs, Passed             int
	Median, Worst, Heal, Gap string
	recoveries               []time.Duration
}

type cell struct{ Letter, Tone, Link, Title string }

type wrong struct {
	Name, Link, Words string
	Result            check.Result
}

// WriteIndex writes one page over many runs: scenario by seed, what did not
// pass, and how long recovery took.
func WriteIndex(w io.Writer, runs []Summary) error {
	x, err := newIndex(runs)
	if err != nil {
		return err
	}
	if err := templates.ExecuteTemplate(w, "index.html", x); err != nil {
		return fmt.Errorf("write the page over %d runs: %w", len(runs), err)
	}
	return nil
}

func newIndex(runs []Summary) (index, error) {
	runs = slices.Clone(runs)
	slices.SortStableFunc(runs, func(a, b Summary) int {
		return cmp.Or(cmp.Compare(a.Scenario, b.Scenario), cmp.Compare(a.Seed, b.Seed), cmp.Compare(a.Driver, b.Driver), a.Started.Compare(b.Started))
	})
	x := index{Result: worst(runs), Rows: rows(runs), When: when(runs), Drivers: severalDrivers(runs)}
	x.Tone = tone(x.Result)
	x.Headline = fmt.Sprintf("%s, %d passed", plural(len(runs), "run"), passed(runs))
	for _, s := range seeds(runs) {
		x.Columns = append(x.Columns, fmt.Sprint(s))
	}
	for _, r := range runs {
		if r.Result != check.Pass {
			x.Wrong = append(x.Wrong, wrong{fmt.Sprintf("%s, seed %d, %s", r.Scenario, r.Seed, r.Driver), r.Link, r.Words, r.Result})
		}
	}
	x.Cards = indexCards(runs)
	var err error
	x.Recovery, err = recoveryChart(x.Rows)
	return x, err
}

// worst is the gravest result of all, as a campaign's exit code has it.
func worst(runs []Summary) check.Result {
	for _, r := range []check.Result{check.Violated, check.HarnessError, check.Inconclusive} {
		if slices.ContainsFunc(runs, func(s Summary) bool { return s.Result == r }) {
			return r
		}
	}
	return check.Pass
}

func passed(runs []Summary) (n int) {
	for _, r := range runs {
		if r.Result == check.Pass {
			n++
		}
	}
	return n
}

func seeds(runs []Summary) []int64 {
	var all []int64
	for _, r := range runs {
		all = append(all, r.Seed)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func severalDrivers(runs []Summary) bool {
	return slices.ContainsFunc(runs, func(r Summary) bool { return r.Driver != runs[0].Driver })
}

// when says from when to when the runs were begun.
func when(runs []Summary) string {
	var all []time.Time
	for _, r := range runs {
		if !r.Started.IsZero() {
			all = append(all, r.Started)
		}
	}
	if len(all) == 0 {
		return ""
	}
	slices.SortFunc(all, time.Time.Compare)
	const format = "2006-01-02 15:04"
	return all[0].Format(format) + " to " + all[len(all)-1].Format(format+" MST")
}

// rows groups runs, sorted by scenario, and lays them out by seed.
func rows(runs []Summary) []indexRow {
	columns, two := seeds(runs), severalDrivers(runs)
	var out []indexRow
	for len(runs) > 0 {
		n := slices.IndexFunc(runs, func(r Summary) bool { return r.Scenario != runs[0].Scenario })
		if n < 0 {
			n = len(runs)
		}
		out = append(out, newRow(runs[:n], columns, two))
		runs = runs[n:]
	}
	return out
}

func newRow(runs []Summary, columns []int64, drivers bool) indexRow {
	row := indexRow{Name: runs[0].Scenario, Runs: len(runs), Passed: passed(runs), Cells: make([][]cell, len(columns))}
	var heal, gap time.Duration
	for _, r := range runs {
		at, _ := slices.BinarySearch(columns, r.Seed)
		row.Cells[at] = append(row.Cells[at], newCell(r, drivers))
		row.recoveries = append(row.recoveries, r.Recoveries...)
		heal, gap = max(heal, r.SlowestHeal), max(gap, r.Gap)
	}
	slices.Sort(row.recoveries)
	if n := len(row.recoveries); n > 0 {
		row.Median, row.Worst = duration(int64(row.recoveries[(n-1)/2])), duration(int64(row.recoveries[n-1]))
	}
	row.Heal, row.Gap = some(heal), some(gap)
	return row
}

func newCell(r Summary, drivers bool) cell {
	letter := string(r.Result)[:1]
	if r.Result == check.HarnessError {
		letter = "E"
	}
	if drivers && r.Driver != "" {
		letter += " " + r.Driver[:1]
	}
	return cell{letter, tone(r.Result), r.Link, fmt.Sprintf("%s: seed %d, %s. %s", r.Result, r.Seed, r.Driver, r.Words)}
}

// some is a duration in words, and nothing for none.
func some(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return duration(int64(d))
}
