package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"time"

	"golang.org/x/term"

	"raftkv/harness/run"
	"raftkv/history/check"
	"raftkv/scenarios"
)

type soakCmd struct {
	place
	Profile  string            `help:"What schedules are drawn: a profile from 'chaos list'." default:"standard"`
	Duration time.Duration     `help:"How long each schedule's faults last together." default:"20s"`
	For      time.Duration     `help:"Begin no run after this time. Without it, until stopped."`
	Seed     *int64            `help:"The first seed; the next are one more each. Without one, one is drawn and printed." env:"RAFTKV_SEED"`
	Workload string            `help:"What the clients do: ${workloads}." enum:"${workloads}" default:"mixed"`
	Flags    map[string]string `name:"flag" help:"More flags of the nodes: --flag snapshot-entries=100." mapsep:","`
}

// Run runs seed after seed.
func (c *soakCmd) Run(ctx context.Context, t *terminal) error {
	p, err := profile(c.Profile)
	if err != nil {
		return err
	}
	o, err := c.options(ctx, t)
	if err != nil {
		return err
	}
	o.Flags, o.Workload, o.Seed = c.Flags, c.Workload, rand.Int64N(1_000_000)
	if c.Seed != nil {
		o.Seed = *c.Seed
	}
	s := soak{terminal: t, job: drawn(p, c.Duration), options: o, until: c.For}
	return s.all(ctx)
}

// soak is one job run with seed after seed. Only what did not pass is kept.
type soak struct {
	*terminal
	job     job
	options scenarios.Options
	// until is when no other run begins; 0 is never.
	until time.Duration

	began  time.Time
	runs   int
	counts map[check.Result]int
	// slowest is the longest recovery, and the seed it was of.
	slowest time.Duration
	of      int64
	failed  []string
	// broken is how many harness errors there were in a row.
	broken int
}

// mostBroken harness errors in a row end a soak: what is wrong is here, and each would
// leave a folder.
const mostBroken = 3

// all runs until it is stopped, the time is up or the harness is broken, and sums up. A run that is cut
// short by the stop does not count, unless it found a violation.
func (s *soak) all(ctx context.Context) error {
	s.began, s.counts = time.Now(), map[check.Result]int{}
	for ctx.Err() == nil && s.broken < mostBroken && (s.until == 0 || time.Since(s.began) < s.until) {
		if err := s.one(ctx); err != nil {
			return err
		}
		s.options.Seed++
	}
	if s.runs == 0 {
		s.result = worse(s.result, check.Inconclusive)
	}
	return s.sum()
}

// one runs one seed, prints its line, and removes its folder if it passed.
func (s *soak) one(ctx context.Context) error {
	p := s.progress()
	o := s.options
	o.Progress = p.update
	r, err := s.job.run(ctx, o)
	p.done()
	if err != nil {
		r.Verdict = check.HarnessFailure(err)
	}
	result := r.Verdict.Result
	if result != check.Violated && ctx.Err() != nil {
		return os.RemoveAll(r.Dir)
	}
	s.count(r)
	ok, failed, unknown := totals(r.Verdict.Outcomes)
	if _, err := fmt.Fprintf(s.out, "%-13s %s seed %d: %d ok, %d failed, %d unknown; recovery %s, longest gap %s; took %s\n",
		result, s.job.name, o.Seed, ok, failed, unknown, run.Took(r.Recovery), run.Took(r.Gap), run.Took(r.Took)); err != nil {
		return err
	}
	if result == check.Pass {
		return os.RemoveAll(r.Dir)
	}
	s.failed = append(s.failed, r.Dir)
	_, err = fmt.Fprintf(s.out, "  %s\n  kept %s\n", r.Verdict.Summary, r.Dir)
	return err
}

func (s *soak) count(r scenarios.Result) {
	s.runs++
	s.counts[r.Verdict.Result]++
	s.result = worse(s.result, r.Verdict.Result)
	if s.broken++; r.Verdict.Result != check.HarnessError {
		s.broken = 0
	}
	if r.Recovery > s.slowest {
		s.slowest, s.of = r.Recovery, r.Seed
	}
}

// sum is the last line, and for what failed the commands that go on from it.
func (s *soak) sum() error {
	fmt.Fprintf(s.out, "%s: %d runs of %s in %s: %d passed, %d violations, %d inconclusive, %d harness errors",
		s.result, s.runs, s.job.name, run.Took(time.Since(s.began)), s.counts[check.Pass], s.counts[check.Violated],
		s.counts[check.Inconclusive], s.counts[check.HarnessError])
	if s.slowest > 0 {
		fmt.Fprintf(s.out, "; slowest recovery %s (seed %d)", run.Took(s.slowest), s.of)
	}
	var errs []error
	if s.broken >= mostBroken {
		_, err := fmt.Fprintf(s.out, "\n  stopped: %d harness errors one after the other", s.broken)
		errs = append(errs, err)
	}
	for _, dir := range s.failed {
		_, err := fmt.Fprintf(s.out, "\n  bin/chaos replay %s", dir)
		errs = append(errs, err)
	}
	_, err := fmt.Fprintln(s.out)
	return errors.Join(append(errs, err)...)
}

// progress is a bar on a terminal, and nothing elsewhere: a line a run is enough.
func (s *soak) progress() progress {
	if f, ok := s.out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return newProgress(s.out, fmt.Sprintf("%s seed %d", s.job.name, s.options.Seed))
	}
	return &lines{w: io.Discard}
}
