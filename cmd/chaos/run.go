package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"raftkv/harness/live"
	"raftkv/harness/run"
	"raftkv/scenarios"
)

// everyScenario is the name that means all of them.
const everyScenario = "all"

type runCmd struct {
	place
	Scenario string            `help:"Names from 'chaos list', with commas between, or all. Without it and without --profile, all."`
	Profile  string            `help:"Draw a schedule: a profile from 'chaos list'."`
	Duration time.Duration     `help:"How long a drawn schedule's faults last together." default:"${duration}"`
	Seed     *int64            `help:"What decides the schedule. Without one, one is drawn and printed." env:"RAFTKV_SEED"`
	Workload string            `help:"What the clients do: ${workloads}." enum:"${workloads}" default:"mixed"`
	Live     bool              `help:"Show the run on a page while it goes on; its address is printed."`
	LivePort int               `help:"The live page's port on 127.0.0.1; 0 is any free one."`
	Plan     bool              `help:"Print the schedule and run nothing."`
	JSON     bool              `name:"json" help:"With --plan: print it as JSON."`
	Flags    map[string]string `name:"flag" help:"More flags of the nodes: --flag snapshot-entries=100." mapsep:","`
}

// What excludes each other, or would be without effect, is refused.
var (
	errBoth     = errors.New("give --scenario or --profile, not both")
	errJSON     = errors.New("--json goes with --plan")
	errDuration = errors.New("--duration goes with --profile: a scenario has its own")
	errLivePort = errors.New("--live-port goes with --live")
)

// defaultDuration is that of a drawn schedule.
const defaultDuration = 30 * time.Second

// Validate is called by kong.
func (c *runCmd) Validate() error {
	switch {
	case c.Profile != "" && c.Scenario != "":
		return errBoth
	case c.JSON && !c.Plan:
		return errJSON
	case c.Duration != defaultDuration && c.Profile == "":
		return errDuration
	case c.LivePort != 0 && !c.Live:
		return errLivePort
	}
	return nil
}

// Run runs the scenarios one after the other, or one drawn schedule.
func (c *runCmd) Run(ctx context.Context, t *terminal) error {
	jobs, err := c.jobs()
	if err != nil {
		return err
	}
	o := scenarios.Options{Seed: c.seed(), Workload: c.Workload, Flags: c.Flags}
	if c.Plan {
		return printPlans(t, jobs, o, c.JSON)
	}
	where, err := c.options(ctx, t)
	if err != nil {
		return err
	}
	where.Seed, where.Workload, where.Flags = o.Seed, o.Workload, o.Flags
	fmt.Fprintf(t.out, "seed %d\n", o.Seed)
	g := campaign{terminal: t, options: where}
	if c.Live {
		if g.page, err = live.Listen(c.LivePort); err != nil {
			return err
		}
		defer g.page.Close()
		fmt.Fprintf(t.out, "live at %s\n", g.page.URL())
	}
	return g.all(ctx, jobs)
}

// job is a run to be made, or to be planned.
type job struct {
	name string
	run  func(context.Context, scenarios.Options) (scenarios.Result, error)
	plan func(scenarios.Options) run.Schedule
}

func (c *runCmd) jobs() ([]job, error) {
	switch {
	case c.Profile == "" && c.Scenario == "":
		return choose(everyScenario)
	case c.Profile == "":
		return choose(c.Scenario)
	}
	p, err := profile(c.Profile)
	return []job{drawn(p, c.Duration)}, err
}

// choose finds the named scenarios, in the order they are named.
func choose(names string) ([]job, error) {
	var chosen []job
	if names == everyScenario {
		for _, s := range scenarios.All {
			chosen = append(chosen, row(s))
		}
		return chosen, nil
	}
	for _, name := range strings.Split(names, ",") {
		s, ok := scenarios.ByName(strings.TrimSpace(name))
		if !ok {
			return nil, fmt.Errorf("no scenario %q; see chaos list", name)
		}
		chosen = append(chosen, row(s))
	}
	return chosen, nil
}

// profile finds a profile by name.
func profile(name string) (scenarios.Profile, error) {
	p, ok := scenarios.ProfileNamed(name)
	if !ok {
		return p, fmt.Errorf("no profile %q; see chaos list", name)
	}
	return p, nil
}

// row is a job of the table.
func row(s scenarios.Scenario) job {
	return job{
		name: s.Name,
		run: func(ctx context.Context, o scenarios.Options) (scenarios.Result, error) {
			return scenarios.Run(ctx, s, o)
		},
		plan: func(o scenarios.Options) run.Schedule { return scenarios.PlanScenario(s, o) },
	}
}

// drawn is a job whose schedule is drawn.
func drawn(p scenarios.Profile, length time.Duration) job {
	return job{
		name: p.Name,
		run: func(ctx context.Context, o scenarios.Options) (scenarios.Result, error) {
			return scenarios.RunProfile(ctx, p, length, o)
		},
		plan: func(o scenarios.Options) run.Schedule { return scenarios.Plan(p, length, o) },
	}
}

// saved is a job that repeats a schedule.
func saved(s run.Schedule) job {
	return job{
		name: s.Scenario,
		run: func(ctx context.Context, o scenarios.Options) (scenarios.Result, error) {
			return scenarios.Repeat(ctx, s, o)
		},
		plan: func(scenarios.Options) run.Schedule { return s.Planned() },
	}
}

func (c *runCmd) seed() int64 {
	if c.Seed != nil {
		return *c.Seed
	}
	return rand.Int64N(1_000_000)
}
