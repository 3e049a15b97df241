package scenarios

import (
	"context"
	"fmt"
	"time"

	"raftkv/harness/cluster"
	"raftkv/harness/driver"
	"raftkv/harness/fault"
	"raftkv/harness/run"
	"raftkv/harness/workload"
	"raftkv/history/check"
)

// Options say how to run a scenario.
type Options struct {
	Seed int64
	// Driver is auto, docker or process; empty is the environment's choice.
	Driver string
	// Why is the reason for Driver if driver.Choose has chosen it already.
	Why      string
	Binaries driver.Binaries
	// Workload is the load's name, of workload.Names; empty is the default.
	Workload string
	// OutDir is the folder that gets the run's folder.
	OutDir string
	// Progress, if set, is told how far the run is; one call at a time.
	Progress func(Update)
	// Flags are more flags for the nodes; they overrule the scenario's.
	Flags map[string]string
	// Dial opens a client of the store under test; nil is RaftKV's own. With it
	// and Binaries any store can be tested: see docs/HARNESS.md.
	Dial workload.Dialer
	// Binary is the nodes' program if the caller brought it, Image their image; it is
	// noted in the schedule, so that a repetition takes the same.
	Binary, Image string
	// Levers says that the nodes were built for testing; it is noted likewise.
	Levers bool
}

// Result is how a run ended.
type Result struct {
	Scenario string
	Seed     int64
	Driver   string
	// Skipped says why the scenario could not be run here. It has no verdict and
	// no folder then: it is neither a pass nor a failure.
	Skipped string
	// Dir is the run's folder.
	Dir     string
	Verdict check.Verdict
	// Recovery is the longest time from a healing to the return of the first write
	// called after it that succeeded, and Gap the longest time in which no write
	// succeeded. 0 if there was none.
	Recovery, Gap time.Duration
	Took          time.Duration
	// Events is how many events of the nodes were judged; 0 if the program writes
	// none.
	Events int
}

// patience of the steps that have no bound in the scenario.
const (
	readyPatience = 60 * time.Second
	undoPatience  = 60 * time.Second
	finalPatience = 10 * time.Second
	// Comparing replicas takes what the machine takes: all of them have to be read.
	replicaPatience = 60 * time.Second
	// floorPatience is how much longer than planned a phase may take to say what
	// it was to say. It makes no run pass that should not: a floor counts
	// successes, and a store that does not serve has none after this either; the
	// bound on the recovery is counted from the healing, whenever that is.
	floorPatience = 30 * time.Second
)

// deps are what a test replaces.
type deps struct {
	start func(context.Context, cluster.Spec, string) (driver.Started, error)
	dial  workload.Dialer
	// has tells why a kind of fault cannot be had on the cluster.
	has func(context.Context, fault.Kind, cluster.Cluster) error
}

// real are the dependencies of a run that is none of a test.
func real(o Options) deps {
	d := deps{start: startCluster(o), dial: o.Dial, has: func(ctx context.Context, k fault.Kind, c cluster.Cluster) error {
		return k.Available(ctx, c)
	}}
	if d.dial == nil {
		d.dial = workload.Dial
	}
	return d
}

// Run runs a scenario to its verdict and leaves its folder. When ctx ends early
// it heals, drains the clients, cleans up, and judges what there is. The error
// is for a run that left no verdict; nearly everything that goes wrong is one.
// A scenario that needs what is not here is skipped: see Result.Skipped.
func Run(ctx context.Context, s Scenario, o Options) (Result, error) {
	name, why, err := lacks(ctx, s.Disks, o)
	if err != nil || why != "" {
		return Result{Scenario: s.Name, Seed: o.Seed, Driver: name, Skipped: why}, err
	}
	return runWith(ctx, s, o, real(o))
}

// startCluster starts a cluster of the driver that was chosen already, or else
// that the options or the environment name.
func startCluster(o Options) func(context.Context, cluster.Spec, string) (driver.Started, error) {
	return func(ctx context.Context, spec cluster.Spec, name string) (driver.Started, error) {
		choice := driver.Choice{Driver: name, Why: o.Why}
		if o.Why == "" {
			var err error
			if choice, err = driver.Choose(ctx, name); err != nil {
				return driver.Started{}, err
			}
		}
		o.Binaries.Fill(&spec, choice.Driver)
		var err error
		if spec.Events, err = driver.WritesEvents(ctx, spec); err != nil {
			return driver.Started{Choice: choice}, err
		}
		return driver.StartChosen(ctx, spec, choice)
	}
}

func runWith(ctx context.Context, s Scenario, o Options, d deps) (Result, error) {
	return runPlan(ctx, s, plan(s, o), o, d)
}

// runPlan runs what is planned, drawing what is still to be drawn.
func runPlan(ctx context.Context, s Scenario, p run.Schedule, o Options, d deps) (Result, error) {
	began := time.Now()
	if _, err := workload.Named(o.Workload, 0); err != nil {
		return Result{}, fmt.Errorf("run %s: %w", s.Name, err)
	}
	p.Started = began
	folder, err := run.NewFolder(o.OutDir, s.Name, o.Seed, began)
	if err != nil {
		return Result{}, err
	}
	x, err := newExecution(s, p, o, d, folder)
	if err != nil {
		return Result{Dir: folder.Path}, fmt.Errorf("run %s: %w", s.Name, err)
	}
	x.act(ctx)
	r, err := x.judge()
	r.Took = time.Since(began)
	if err != nil {
		return r, fmt.Errorf("run %s: %w", s.Name, err)
	}
	return r, nil
}
