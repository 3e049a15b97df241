package scenarios

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"raftkv/harness/disk"
	"raftkv/harness/fault"
	"raftkv/harness/run"
)

// RunProfile draws a schedule of about the given length from the seed and runs
// it, as Run does a row of the table. What cannot be had on the running cluster
// is left out of the draw, and the schedule says so.
func RunProfile(ctx context.Context, p Profile, length time.Duration, o Options) (Result, error) {
	s := p.outline(length, o)
	var err error
	if s.Disks, err = best(ctx, s.Disks, o); err != nil {
		return Result{}, err
	}
	return runPlan(ctx, p.scenario(), s, o, real(o))
}

// Plan is the schedule that RunProfile would run if every kind could be had.
func Plan(p Profile, length time.Duration, o Options) run.Schedule {
	s := p.outline(length, o)
	s.Steps = Generate(p, o.Seed, length, func(fault.Kind) bool { return true })
	return s
}

// PlanScenario is the schedule of a row, before its roles are resolved.
func PlanScenario(s Scenario, o Options) run.Schedule { return plan(s, o) }

func (p Profile) outline(length time.Duration, o Options) run.Schedule {
	s := outline(p.scenario(), o)
	s.Profile, s.Length = p.Name, length
	if source(o.Seed, p.Name, 0, drawDisks).IntN(100) < p.Breakable {
		s.Disks = disk.Fuse
	}
	return s
}

// Repeat runs a schedule again that a run has left behind: the same targets by
// number, times and parameters. What it had not resolved is resolved anew. The
// options' seed and flags do not count. It is skipped where its disks cannot be
// had. ErrUnknownScenario if this program does not know what the schedule is of.
func Repeat(ctx context.Context, s run.Schedule, o Options) (Result, error) {
	if row, ok := ByName(s.Scenario); ok && s.Profile == "" {
		s.Disks = row.Disks // a schedule of before they were noted does not say
	}
	name, why, err := lacks(ctx, s.Disks, o)
	if err != nil || why != "" {
		return Result{Scenario: s.Scenario, Seed: s.Seed, Driver: name, Skipped: why}, err
	}
	return repeat(ctx, s, o, real(o))
}

func repeat(ctx context.Context, s run.Schedule, o Options, d deps) (Result, error) {
	sc, err := scenarioOf(s)
	if err != nil {
		return Result{}, err
	}
	o.Seed, o.Binary, o.Image, o.Levers = s.Seed, s.Binary, s.Image, s.Levers
	return runPlan(ctx, sc, s.Planned(), o, d)
}

// ErrUnknownScenario means a schedule of a scenario, a step, a profile or a kind
// of fault that this program does not have.
var ErrUnknownScenario = errors.New("this program does not know it; was it made by another version?")

// scenarioOf finds what a schedule was made from.
func scenarioOf(s run.Schedule) (Scenario, error) {
	if s.Profile != "" {
		return drawnFrom(s)
	}
	sc, ok := ByName(s.Scenario)
	if !ok {
		return sc, fmt.Errorf("scenario %q: %w", s.Scenario, ErrUnknownScenario)
	}
	for _, step := range s.Steps {
		if _, ok := sc.step(step.Name); !ok {
			return sc, fmt.Errorf("step %q of %s: %w", step.Name, s.Scenario, ErrUnknownScenario)
		}
	}
	return sc, nil
}

func drawnFrom(s run.Schedule) (Scenario, error) {
	p, ok := ProfileNamed(s.Profile)
	if !ok {
		return Scenario{}, fmt.Errorf("profile %q: %w", s.Profile, ErrUnknownScenario)
	}
	for _, step := range s.Steps {
		if _, ok := fault.KindNamed(step.Kind); !ok {
			return Scenario{}, fmt.Errorf("fault %q: %w", step.Kind, ErrUnknownScenario)
		}
	}
	return p.scenario(), nil
}

// compose draws the steps, unless they are there already, now that it can be
// seen what can be had here.
func (x *execution) compose(ctx context.Context) bool {
	if len(x.plan.Steps) > 0 {
		return true
	}
	missing := map[string]string{}
	for _, k := range fault.Kinds() {
		if !slices.Contains(x.profile.families(), k.Family) {
			continue
		}
		if err := x.deps.has(ctx, k, x.cluster); err != nil {
			missing[k.Name] = err.Error()
			x.plan.LeftOut = append(x.plan.LeftOut, run.LeftOut{Kind: k.Name, Why: err.Error()})
		}
	}
	x.plan.Steps = Generate(*x.profile, x.opts.Seed, x.plan.Length, func(k fault.Kind) bool { return missing[k.Name] == "" })
	if len(x.plan.Steps) > 0 {
		return true
	}
	var why []string
	for _, l := range x.plan.LeftOut {
		why = append(why, l.Kind+": "+l.Why)
	}
	x.doubt("no fault of profile %s can be had here: %s", x.profile.Name, strings.Join(why, "; "))
	return false
}
