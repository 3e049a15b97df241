package scenarios

import (
	"context"
	"fmt"
	"time"

	"raftkv/harness/cluster"
	"raftkv/harness/recorder"
	"raftkv/harness/run"
	"raftkv/harness/workload"
	"raftkv/history"
	"raftkv/history/check"
)

// execution is one run. Its fields belong to the goroutine that called Run;
// recorder, log, observer and meter are safe for the others.
type execution struct {
	sc     Scenario
	opts   Options
	deps   deps
	folder run.Folder
	plan   run.Schedule
	clock  recorder.Clock
	rec    *recorder.Recorder
	log    *run.Log
	meter  *meter

	cluster cluster.Cluster
	obs     *run.Observer
	links   *run.Links
	load    *workload.Load

	rounds []Round
	phases []history.Span
	// Of drawn schedules: the profile, the spans that have floors of their own,
	// and the faults that stay until the end.
	profile *Profile
	spans   []history.Span
	staying *wave
	// What the judge is told: notes make a run inconclusive, errors a harness
	// error, violations were found here.
	notes, errors []string
	violations    []check.Violation
	// unlinked is set when Toxiproxy was lost, and with it the links' state.
	unlinked bool
}

func newExecution(s Scenario, p run.Schedule, o Options, d deps, f run.Folder) (*execution, error) {
	x := &execution{sc: s, opts: o, deps: d, folder: f, plan: p, clock: recorder.NewClock()}
	if p.Profile != "" {
		profile, _ := ProfileNamed(p.Profile)
		x.profile = &profile
	}
	x.meter = &meter{report: o.Progress, last: Update{Scenario: s.Name, Total: forecast(x.plan), Next: next(x.plan.Steps, 0)}}
	var err error
	if x.rec, err = recorder.Create(f.File(run.HistoryFile), x.clock); err != nil {
		return nil, err
	}
	if x.log, err = f.NewLog(x.clock); err != nil {
		return nil, err
	}
	return x, nil
}

// act goes through the phases and takes everything down again. It never
// returns early without having healed what it broke.
func (x *execution) act(ctx context.Context) {
	ticking, stop := context.WithCancel(context.Background())
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		x.meter.watch(ticking, func() (time.Duration, recorder.Counts) {
			return time.Duration(x.clock.Now()), x.rec.Counts()
		})
	}()
	x.onCluster(ctx)
	stop()
	<-watched
}

// onCluster runs between the cluster's start and its end.
func (x *execution) onCluster(ctx context.Context) {
	if !x.start(ctx) {
		x.close(ctx)
		return
	}
	x.obs, x.links = run.Observe(x.cluster, x.clock, x.log), run.WatchLinks(x.cluster.Links(), x.clock)
	x.meter.seeing(sight(x.cluster, x.obs))
	if x.ready(ctx) && x.drive() {
		x.begin(Before)
		x.last(ctx, Before, x.plan.Warmup)
		x.nemesis(ctx)
		x.begin(After)
		x.last(ctx, After, x.plan.Tail)
		x.mend(ctx)
		x.finish(ctx)
	}
	x.meter.seeing(nil)
	x.obs.Stop()
	x.end()
	x.close(ctx)
}

// nemesis injects the faults: those of the table's row, or those that are drawn.
func (x *execution) nemesis(ctx context.Context) {
	if x.profile == nil {
		x.faults(ctx)
	} else if x.compose(ctx) {
		x.storm(ctx)
	}
}

// start brings the cluster up.
func (x *execution) start(ctx context.Context) bool {
	spec := cluster.Spec{
		Name: x.sc.Name, Nodes: x.sc.Nodes, Joiners: x.sc.Joiners, Disks: x.plan.Disks, Flags: x.plan.Flags, Seed: x.opts.Seed,
		Dir: x.folder.File("cluster"),
	}
	x.say("starting the cluster")
	c, err := x.deps.start(ctx, spec, x.opts.Driver)
	x.plan.Driver, x.plan.Why = c.Driver, c.Why
	if err != nil {
		x.stopped(ctx, "start cluster", err)
		return false
	}
	x.cluster = c.Cluster
	x.say(fmt.Sprintf("%d nodes run (%s)", len(c.Nodes()), c.Driver))
	return true
}

// ready waits for a first leader. A healthy cluster that finds none is not a
// finding of the scenario, which has not begun.
func (x *execution) ready(ctx context.Context) bool {
	r, err := cluster.WaitReady(ctx, x.cluster, readyPatience)
	if err != nil {
		x.stopped(ctx, "wait for the first leader", err)
		return false
	}
	x.say(fmt.Sprintf("node %d leads term %d", r.Leader, r.Term))
	return true
}

// drive starts the clients.
func (x *execution) drive() bool {
	addresses := map[int]string{}
	for _, id := range x.cluster.Nodes() {
		addresses[id] = x.cluster.ClientAddr(id)
	}
	load, err := workload.Start(x.plan.Load, addresses, x.deps.dial, x.rec)
	if err != nil {
		x.broken("start clients", err)
		return false
	}
	x.load = load
	return true
}

// close saves the logs and removes the cluster, and closes the files.
func (x *execution) close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoPatience)
	defer cancel()
	if x.cluster != nil {
		x.check("save logs", x.cluster.SaveLogs(ctx, x.folder.File(run.LogsDir)))
		x.check("close cluster", x.cluster.Close(ctx))
	}
	x.check("keep history", x.rec.Close())
	x.check("keep events", x.log.Close())
	x.check("keep schedule", x.folder.WriteJSON(run.ScheduleFile, x.plan))
}

// last lets a phase last for d, and on, within patience, until as much has
// succeeded in it as its floors want: a slow machine takes longer to say the
// same thing.
func (x *execution) last(ctx context.Context, p Phase, d time.Duration) {
	x.rec.Mark()
	x.sleep(ctx, d)
	x.poll(ctx, floorPatience, func() bool { return x.enough(p) })
}

// enough tells whether the floors of a phase are reached since the last mark.
// Each of several rounds contributes its share.
func (x *execution) enough(p Phase) bool {
	share := 1
	if p == During {
		share = len(x.plan.Steps)
	}
	got := x.rec.SinceMark()
	for _, f := range x.sc.Floors {
		if f.Phase == p && got[x.plan.Load.Counts(f.Function)]*share < f.Min {
			return false
		}
	}
	return true
}

// sleep lets time pass, or ends it early when the run is interrupted.
func (x *execution) sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
