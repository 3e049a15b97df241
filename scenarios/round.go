package scenarios

import (
	"context"
	"fmt"
	"time"

	"raftkv/harness/cluster"
	"raftkv/harness/fault"
	"raftkv/harness/proof"
	"raftkv/harness/run"
)

// How often a waiting step looks again, and how long Until may extend a hold.
const (
	lookEvery  = 20 * time.Millisecond
	untilLimit = 15 * time.Second
)

// faults goes through the steps and their rounds. It stops where the harness
// fails, where the cluster does not recover, or when the run is interrupted:
// what follows would be about something else.
func (x *execution) faults(ctx context.Context) {
	had := map[string][]int{}
	for i, planned := range x.plan.Steps {
		x.meter.say(func(u *Update) { u.Next = next(x.plan.Steps, i+1) }, "")
		step, _ := x.sc.step(planned.Name) // a plan holds steps of its scenario only
		if x.interrupted(ctx) || !x.round(ctx, step, i, had) {
			return
		}
	}
}

// round injects a fault, holds it, heals it, and waits for the recovery. had are
// the targets of earlier rounds, by step. It returns false if the run cannot go
// on.
func (x *execution) round(ctx context.Context, step Step, i int, had map[string][]int) bool {
	r, f, ok := x.aim(ctx, step, i, had[step.Name])
	if !ok {
		return false
	}
	had[step.Name] = append(had[step.Name], r.Targets...)
	fit := x.inject(ctx, r, f)
	if fit {
		x.hold(ctx, step, r)
	}
	healed := x.heal(ctx, r, f)
	fit = healed && x.recover(ctx, r) && fit
	if fit && step.Then != nil {
		x.poll(ctx, floorPatience, func() bool {
			r.Later = x.views()
			return step.Then(*r) == nil
		})
	}
	x.plan.Steps[i] = r.Step
	x.rounds = append(x.rounds, *r)
	return fit
}

// aim finds out who leads, and so whom the step befalls.
func (x *execution) aim(ctx context.Context, step Step, i int, had []int) (*Round, fault.Fault, bool) {
	x.begin(Inject)
	planned := x.plan.Steps[i]
	ready, err := x.leader(ctx, planned)
	if err != nil {
		if !x.interrupted(ctx) {
			x.accuse(NoProgress, "", fmt.Sprintf("before %q: %v", step.Name, err))
		}
		return nil, nil, false
	}
	all, targets := x.cluster.Nodes(), planned.Targets
	if len(targets) == 0 {
		targets = step.Target.resolve(source(x.opts.Seed, x.sc.Name, planned.Number, drawTarget), ready.Leader, all, had)
	}
	d := Draw{
		Targets: targets, Others: without(all, targets...),
		rand: source(x.opts.Seed, x.sc.Name, planned.Number, drawFault), parameters: map[string]string{},
	}
	f := step.Fault(d)
	r := &Round{Step: planned, Before: x.views()}
	r.Targets, r.Leader, r.Term, r.Parameters = targets, ready.Leader, ready.Term, d.parameters
	return r, f, true
}

// inject injects the fault and sees to its proof. It returns false if the
// harness failed; a fault that may not have bitten goes on and is noted.
func (x *execution) inject(ctx context.Context, r *Round, f fault.Fault) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoPatience)
	defer cancel()
	r.Inject = x.clock.Now()
	e, err := f.Inject(ctx, x.cluster)
	r.Bit = &e
	x.log.Append(run.Event{Kind: run.KindInject, Name: f.Name(), Targets: r.Targets, Evidence: &e})
	x.meter.say(func(u *Update) { u.Fault = f.Name() }, f.Name()+": "+string(e.Outcome))
	if err != nil {
		x.broken("inject "+f.Name(), err)
		return false
	}
	if e.Outcome != proof.Installed {
		x.doubt("it is not proved that the fault bit: %s", e)
	}
	r.Injected = x.begin(During)
	return true
}

// hold keeps the fault in place for its time, and on until its floors are
// reached and its condition holds.
func (x *execution) hold(ctx context.Context, step Step, r *Round) {
	x.last(ctx, During, r.Hold)
	if step.Until != nil {
		x.poll(ctx, untilLimit, func() bool {
			r.Late = x.views()
			return step.Until(*r) == nil
		})
	}
	r.Late, r.States = x.views(), x.states(ctx, r.Targets)
}

// heal undoes the fault, also when the run is interrupted or the injection
// failed half-way. It returns false if the harness failed.
func (x *execution) heal(ctx context.Context, r *Round, f fault.Fault) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoPatience)
	defer cancel()
	r.Heal = x.begin(Heal)
	e, err := f.Heal(ctx, x.cluster)
	r.Mended = &e
	x.meter.say(func(u *Update) { u.Fault = "" }, "")
	x.log.Append(run.Event{Kind: run.KindHeal, Name: f.Name(), Targets: r.Targets, Evidence: &e})
	if err != nil {
		x.broken("heal "+f.Name(), err)
		return false
	}
	if e.Outcome != proof.Installed {
		x.doubt("it is not proved that the fault was healed: %s", e)
	}
	r.Healed = x.begin(Recovery)
	x.rec.Expect(r.Healed)
	return true
}

// recover waits until a leader exists, and a write and a read called after the
// healing have succeeded, which has to happen within the scenario's bound.
func (x *execution) recover(ctx context.Context, r *Round) bool {
	_, err := cluster.WaitReady(ctx, x.cluster, x.sc.Bound)
	if err != nil || !x.poll(ctx, x.left(r.Healed), x.serves) {
		return x.notRecovered(ctx, r, err)
	}
	r.Recovered = x.rec.FirstWrite()
	x.say(fmt.Sprintf("recovered: first write %s after healing", run.Took(since(r.Healed, r.Recovered))))
	x.sleep(ctx, between)
	r.Later = x.views()
	return true
}

// serves tells whether a write and a read have succeeded of those expected.
func (x *execution) serves() bool {
	return x.rec.FirstWrite() != 0 && (x.rec.FirstRead() != 0 || x.plan.Load.Mix.Get == 0)
}

// left is what remains of the bound that began at an instant.
func (x *execution) left(from int64) time.Duration {
	return x.sc.Bound - since(from, x.clock.Now())
}

// missing words what has not succeeded of what was expected.
func (x *execution) missing() string {
	if x.rec.FirstWrite() != 0 {
		return "no read succeeded"
	}
	return "no write committed"
}

// notRecovered blames the store, unless the run ended first or the healing was
// not proved.
func (x *execution) notRecovered(ctx context.Context, r *Round, err error) bool {
	words := fmt.Sprintf("%s within %s after %q was healed", x.missing(), x.sc.Bound, r.Name)
	if err != nil {
		words += ": " + err.Error()
	}
	switch {
	case x.interrupted(ctx):
	case r.Mended.Outcome != proof.Installed:
		x.doubt("%s", words)
	default:
		x.accuse(NoProgress, "", words)
	}
	return false
}

// poll waits until met, for at most within.
func (x *execution) poll(ctx context.Context, within time.Duration, met func() bool) bool {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for !met() {
		select {
		case <-ctx.Done():
			return met()
		case <-tick.C:
		}
	}
	return true
}

// views is what every node last said of itself. A dead or paused one is quoted
// from before.
func (x *execution) views() map[int]cluster.Status {
	all := map[int]cluster.Status{}
	for _, id := range x.cluster.Nodes() {
		if s, ok := x.obs.Last(id); ok {
			all[id] = s
		}
	}
	return all
}

// states looks at nodes from outside.
func (x *execution) states(ctx context.Context, ids []int) map[int]cluster.NodeState {
	all := map[int]cluster.NodeState{}
	for _, id := range ids {
		s, err := x.cluster.State(context.WithoutCancel(ctx), id)
		if err != nil {
			x.broken("look at a node", err)
			continue
		}
		all[id] = s
	}
	return all
}
