package main

import (
	"context"
	"fmt"
	"os"

	"raftkv/harness/run"
	"raftkv/history/check"
	"raftkv/scenarios"
)

type shrinkCmd struct {
	place
	Dir   string `arg:"" help:"The folder of a run that did not pass."`
	Tries int    `help:"How often a candidate is run, until it fails, before it is given up." default:"3"`
}

// Run looks for the smallest schedule that still fails, and keeps its run. The
// exit code is that failure's; INCONCLUSIVE if it cannot be repeated.
func (c *shrinkCmd) Run(ctx context.Context, t *terminal) error {
	s, err := c.schedule(c.Dir)
	if err != nil {
		return err
	}
	failure, err := scenarios.FailureOf(c.Dir)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Dir, err)
	}
	o, err := c.options(ctx, t)
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "%s, seed %d: %s with %d faults; a candidate fails if it is one again %v\n", s.Scenario, s.Seed, failure.Result, len(s.Steps), failure.Kinds)
	return shrink(ctx, t, s, newShrinker(t, failure, c.Tries, func(ctx context.Context, s run.Schedule) (scenarios.Result, error) {
		return scenarios.Repeat(ctx, s, o)
	}))
}

// newShrinker tells of each candidate in a line, and keeps no folder but the
// smallest's.
func newShrinker(t *terminal, f scenarios.Failure, tries int, try func(context.Context, run.Schedule) (scenarios.Result, error)) *scenarios.Shrinker {
	return &scenarios.Shrinker{
		Run: try, Tries: max(tries, 1), Failure: f,
		Told: func(c scenarios.Candidate) {
			word := "kept"
			if c.Failed == 0 {
				word = "needed"
			}
			fmt.Fprintf(t.out, "  failed %d of %d: %d faults, %s (%s)\n", c.Failed, c.Runs, c.Steps, c.What, word)
		},
		Drop: func(r scenarios.Result) { _ = os.RemoveAll(r.Dir) }, // one that stays takes room and misleads nobody
	}
}

// shrink runs the shrinker and says what it found.
func shrink(ctx context.Context, t *terminal, s run.Schedule, by *scenarios.Shrinker) error {
	smallest, r, err := by.Shrink(ctx, s)
	if err != nil {
		t.result = worse(t.result, check.Inconclusive)
		_, err = fmt.Fprintf(t.out, "%s: %v\n", check.Inconclusive, err)
		return err
	}
	t.result = worse(t.result, r.Verdict.Result)
	fmt.Fprintf(t.out, "smallest: %d of %d faults, %d of %d tries failed\n", len(smallest.Steps), len(s.Steps), by.Last.Failed, by.Last.Runs)
	if err := printPlan(t.out, smallest, false); err != nil {
		return err
	}
	if err := r.Verdict.WriteText(t.out); err != nil {
		return err
	}
	_, err = fmt.Fprintf(t.out, "saved in %s; to repeat it:\n  bin/chaos replay %s --driver %s\n", r.Dir, r.Dir, r.Driver)
	return err
}
