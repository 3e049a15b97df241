package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"raftkv/harness/live"
	"raftkv/harness/run"
	"raftkv/history/check"
	"raftkv/scenarios"
)

// campaign is jobs run one after the other.
type campaign struct {
	*terminal
	options scenarios.Options
	// page shows the runs too, if there is one.
	page *live.Server
	// skipped counts the scenarios that could not be run here.
	skipped int
}

// all runs each job and gives the overall verdict. An interrupt ends the one
// that runs, and the rest is not begun: that is no pass.
func (g *campaign) all(ctx context.Context, chosen []job) error {
	began, done := time.Now(), 0
	for i, j := range chosen {
		if ctx.Err() != nil {
			break
		}
		if _, err := g.one(ctx, j, fmt.Sprintf("%d/%d", i+1, len(chosen))); err != nil {
			return err
		}
		done++
	}
	if done < len(chosen) {
		g.result = worse(g.result, check.Inconclusive)
		fmt.Fprintf(g.out, "interrupted: %d of %d scenarios were not run\n", len(chosen)-done, len(chosen))
	}
	if done > 0 && done == g.skipped {
		g.result = worse(g.result, check.Inconclusive) // nothing was shown
	}
	_, err := fmt.Fprintf(g.out, "%s: %s, seed %d, %s\n", g.result, g.count(done), g.options.Seed, run.Took(time.Since(began)))
	return err
}

// one runs one job and prints its line, and what is wrong with it if anything
// is. The error is about printing.
func (g *campaign) one(ctx context.Context, j job, place string) (scenarios.Result, error) {
	p := newProgress(g.out, place+" "+j.name)
	if g.page != nil {
		p = &liveProgress{progress: p, page: g.page, place: place}
	}
	o := g.options
	o.Progress = p.update
	r, err := j.run(ctx, o)
	p.done()
	if shown, ok := p.(*liveProgress); ok {
		shown.ended(verdictOf(r))
	}
	if err != nil {
		g.result = worse(g.result, check.HarnessError)
		_, err = fmt.Fprintf(g.out, "%-13s %s: %v\n", check.HarnessError, j.name, err)
		return r, err
	}
	if r.Skipped != "" {
		g.skipped++
		_, err := fmt.Fprintf(g.out, "%-13s %s: %s\n", verdictOf(r), j.name, r.Skipped)
		return r, err
	}
	g.result = worse(g.result, r.Verdict.Result)
	if _, err := fmt.Fprintln(g.out, line(r)); err != nil {
		return r, err
	}
	if r.Verdict.Result == check.Pass {
		return r, nil
	}
	if err := r.Verdict.WriteText(g.out); err != nil {
		return r, err
	}
	_, err = fmt.Fprintf(g.out, "see %s\n", filepath.Join(r.Dir, run.ReportFile))
	return r, err
}

// verdictOf is the run's verdict, or that there is none.
func verdictOf(r scenarios.Result) string {
	if r.Skipped != "" {
		return "SKIPPED"
	}
	return string(r.Verdict.Result)
}

// count words how many scenarios were run, and how many were not.
func (g *campaign) count(done int) string {
	if g.skipped == 0 {
		return scenarioCount(done)
	}
	return fmt.Sprintf("%s, %d skipped", scenarioCount(done-g.skipped), g.skipped)
}

func scenarioCount(n int) string {
	if n == 1 {
		return "1 scenario"
	}
	return fmt.Sprintf("%d scenarios", n)
}

// line is a run in a line.
func line(r scenarios.Result) string {
	ok, failed, unknown := totals(r.Verdict.Outcomes)
	recovery := "no recovery"
	if r.Recovery > 0 {
		recovery = "recovery " + run.Took(r.Recovery).String()
	}
	return fmt.Sprintf("%-13s %-34s %d ok, %d failed, %d unknown; %s, longest gap %s; took %s; %s",
		r.Verdict.Result, r.Scenario, ok, failed, unknown, recovery, run.Took(r.Gap), run.Took(r.Took), r.Dir)
}

func totals(by map[string]map[string]int) (ok, failed, unknown int) {
	for _, n := range by {
		ok += n["ok"]
		failed += n["fail"]
		unknown += n["unknown"]
	}
	return ok, failed, unknown
}
