package scenarios

import (
	"context"
	"fmt"
	"slices"
	"time"

	"raftkv/harness/cluster"
	"raftkv/harness/fault"
	"raftkv/harness/link"
	"raftkv/harness/proof"
	"raftkv/harness/run"
	"raftkv/harness/workload"
	"raftkv/history"
)

const (
	// chiefPatience is how long a step after its round's first waits for somebody
	// to lead, before it takes any node instead.
	chiefPatience = 5 * time.Second
	// leastOk is how many puts and gets have to succeed in each round while a
	// quorum is left, and after it.
	leastOk = 5
	// leastAsked is how many reads each cut node has to be asked for.
	leastAsked = 1
)

// ongoing is a fault that was injected, or tried to be.
type ongoing struct {
	*Round
	fault fault.Fault
	place int // in the plan's steps
}

// wave is a round of a drawn schedule: faults that hold together.
type wave struct {
	number int
	places []int
	lives  []ongoing
}

// storm goes through a drawn schedule, round by round, as faults does through
// the steps of a table's row.
func (x *execution) storm(ctx context.Context) {
	for _, w := range waves(x.plan.Steps) {
		if x.interrupted(ctx) || !x.wave(ctx, w) {
			return
		}
	}
}

// waves groups steps by their round.
func waves(steps []run.Step) []*wave {
	var all []*wave
	for i, s := range steps {
		if len(all) == 0 || all[len(all)-1].number != s.Round {
			all = append(all, &wave{number: s.Round})
		}
		w := all[len(all)-1]
		w.places = append(w.places, i)
	}
	return all
}

// wave injects a round's faults, holds them together, heals them, and waits for
// the recovery. Faults that stay are left, and the rest of the cluster has to
// serve. It returns false if the run cannot go on.
func (x *execution) wave(ctx context.Context, w *wave) bool {
	fit := x.fireAll(ctx, w)
	if !fit {
		x.healAll(ctx, w)
		return false
	}
	if slices.ContainsFunc(w.lives, func(l ongoing) bool { return l.Stays }) {
		x.staying = w
		return x.bears(ctx, w) && x.together(ctx, w)
	}
	return x.together(ctx, w) && x.mended(ctx, w)
}

// fireAll injects the round's faults one after the other.
func (x *execution) fireAll(ctx context.Context, w *wave) bool {
	for _, place := range w.places {
		x.sleep(ctx, x.plan.Steps[place].After)
		if x.interrupted(ctx) || !x.fire(ctx, w, place) {
			return false
		}
	}
	return true
}

// fire resolves a step's role and injects its fault.
func (x *execution) fire(ctx context.Context, w *wave, place int) bool {
	step := x.plan.Steps[place]
	x.meter.say(func(u *Update) { u.Next = next(x.plan.Steps, place+1) }, "")
	x.begin(Inject)
	ready, ok := x.chief(ctx, w, step)
	if !ok {
		return false
	}
	if len(step.Targets) == 0 {
		r := source(x.opts.Seed, x.sc.Name, step.Number, drawTarget)
		candidates := x.candidates(w, step.Kind)
		step.Targets = Target(step.Role).among(r, step.Count, ready.Leader, x.cluster.Nodes(), candidates)
		if step.Kind == changing {
			step.Targets = otherThan(x.voters(), step.Targets, candidates)
		}
	}
	step.Leader, step.Term = ready.Leader, ready.Term
	f, err := fault.Build(x.spec(step))
	if err != nil {
		x.broken("build "+step.Name, err)
		return false
	}
	r := &Round{Step: step, Before: x.views()}
	w.lives = append(w.lives, ongoing{Round: r, fault: f, place: place})
	return x.inject(ctx, r, f)
}

// candidates are the nodes that a fault of the kind may befall: free ones, and to
// lead, or to have something to write or to send, only those that vote.
func (x *execution) candidates(w *wave, kind string) []int {
	free := w.free(x.cluster.Nodes())
	voting := without(free, without(free, x.voters()...)...)
	if ofVoters(kind) && len(voting) > 0 {
		return voting
	}
	return free
}

// ofVoters tells whether a kind shows only in what voters do, or is for them alone.
func ofVoters(kind string) bool {
	k, _ := fault.KindNamed(kind)
	return kind == transferring || kind == emptying || kind == snapshotting || slices.Contains(writing, kind) || k.Family == fault.FamilyMessage
}

// spec is the step's fault as data.
func (x *execution) spec(s run.Step) fault.Spec {
	return fault.Spec{
		Kind: s.Kind, Targets: s.Targets, Others: without(x.cluster.Nodes(), s.Targets...),
		Leader: s.Leader, Parameters: s.Parameters,
	}
}

// chief finds out who leads. A round begins with all nodes healed, so that a
// cluster without a leader is a finding; later in it there may be none.
func (x *execution) chief(ctx context.Context, w *wave, s run.Step) (cluster.Ready, bool) {
	if len(w.lives) == 0 {
		ready, err := x.leader(ctx, s)
		if err != nil && !x.interrupted(ctx) {
			x.accuse(NoProgress, "", fmt.Sprintf("before %q: %v", s.Name, err))
		}
		return ready, err == nil
	}
	if !x.quorate(w) {
		return cluster.Ready{}, true
	}
	ctx, cancel := context.WithTimeout(ctx, chiefPatience)
	defer cancel()
	term := uint64(0)
	if s.Role == string(Elected) {
		term = w.lives[0].Term
	}
	for {
		ready, err := cluster.WaitReadyAfter(ctx, x.cluster, term, chiefPatience)
		if err != nil || !slices.Contains(w.gone(), ready.Leader) {
			return x.handOver(ctx, s, ready), true
		}
		term = ready.Term
	}
}

// leader waits for one, and in a repetition sees to it that the same node leads
// as did then.
func (x *execution) leader(ctx context.Context, s run.Step) (cluster.Ready, error) {
	ready, err := cluster.WaitReady(ctx, x.cluster, x.sc.Bound)
	if err != nil {
		return ready, err
	}
	return x.handOver(ctx, s, ready), nil
}

// transferring is the kind by which leadership is handed to its target, snapshotting
// that which has its targets write a snapshot.
const transferring, snapshotting = "transfer", "snapshot"

// handOver asks the cluster to let the node lead that led when the step was
// first done. If it does not, the step goes on with whoever leads.
func (x *execution) handOver(ctx context.Context, s run.Step, now cluster.Ready) cluster.Ready {
	k, known := fault.KindNamed(transferring)
	if s.Leader == 0 || now.Leader == 0 || s.Leader == now.Leader || !known || x.deps.has(ctx, k, x.cluster) != nil {
		return now
	}
	to := run.Step{Kind: transferring, Targets: []int{s.Leader}, Leader: now.Leader}
	f, err := fault.Build(x.spec(to))
	if err != nil {
		return now
	}
	e, err := f.Inject(ctx, x.cluster)
	x.say(fmt.Sprintf("leadership handed to node %d, as it was: %s", s.Leader, e.Outcome))
	if err != nil {
		return now
	}
	if ready, err := cluster.WaitReady(ctx, x.cluster, chiefPatience); err == nil {
		return ready
	}
	return now
}

// together lets the faults hold together, and on until what a round has to show
// has happened.
func (x *execution) together(ctx context.Context, w *wave) bool {
	quorum := x.quorate(w)
	hold := time.Duration(0)
	for _, l := range w.lives {
		l.Quorum, l.Voters = quorum, x.voters()
		hold = max(hold, l.Hold)
	}
	from := x.rec.Mark() // one instant: what is waited for is what the floors count
	x.sleep(ctx, hold)
	x.poll(ctx, floorPatience, func() bool { return x.shown(w, quorum) })
	for _, l := range w.lives {
		l.Late, l.States = x.views(), x.states(ctx, l.Targets)
	}
	if quorum {
		x.wants(fmt.Sprintf("round %d, faults held", w.number), from)
	}
	return true
}

// shown tells whether the round has shown what its proofs and floors ask for.
func (x *execution) shown(w *wave, quorum bool) bool {
	leaders := x.obs.Leaders()
	for _, l := range w.lives {
		if l.beheads() && !slices.ContainsFunc(leaders, l.replacedBy) {
			return false
		}
		asked := func(id int) bool { return x.rec.Asked(nodes([]int{id})[0]) >= leastAsked }
		if cuts(l.Kind) && x.asks() && !all(l.Targets, asked) {
			return false
		}
	}
	return !quorum || x.ok()
}

// asks tells whether the load's pinned clients ask for linearizable reads.
func (x *execution) asks() bool { return x.plan.Load.Workload != workload.StaleReads }

// ok tells whether enough has succeeded since the last mark.
func (x *execution) ok() bool {
	got := x.rec.SinceMark()
	return !slices.ContainsFunc(x.serving(), func(f history.Function) bool { return got[f] < leastOk })
}

// serving are the functions that have to succeed where a quorum is left: the one
// that the load writes by, and cas and reads if it has any.
func (x *execution) serving() []history.Function {
	all := []history.Function{x.plan.Load.Counts(history.Put)}
	if x.plan.Load.Mix.CAS > 0 && all[0] != history.CAS {
		all = append(all, history.CAS)
	}
	if x.plan.Load.Mix.Get > 0 {
		all = append(all, history.Get)
	}
	return all
}

// wants makes floors for what lasted from an instant until now.
func (x *execution) wants(name string, from int64) {
	x.spans = append(x.spans, history.Span{Name: name, Kind: "phase", From: from, To: x.clock.Now()})
}

// mended heals the round's faults and waits for the recovery, and for enough to
// succeed after it.
func (x *execution) mended(ctx context.Context, w *wave) bool {
	first := w.lives[0] // healed last
	if !x.healAll(ctx, w) || !x.recover(ctx, first.Round) {
		x.note(w)
		return false
	}
	x.note(w)
	from := x.rec.Mark()
	x.poll(ctx, floorPatience, x.ok)
	x.wants(fmt.Sprintf("round %d, healed", w.number), from)
	return true
}

// healAll heals the round's faults in the reverse order, whatever happens.
func (x *execution) healAll(ctx context.Context, w *wave) bool {
	fit, shut := true, fault.Fault(nil)
	for _, l := range slices.Backward(w.lives) {
		if k, _ := fault.KindNamed(l.Kind); k.Family == fault.FamilyLink && shut == nil {
			shut = x.shut(ctx, w)
		}
		fit = x.heal(ctx, l.Round, l.fault) && fit
	}
	if shut != nil {
		fit = x.reopen(ctx, w.lives[0].Round, shut) && fit
	}
	x.note(w)
	return fit
}

// shut refuses all connections of the nodes that other faults of the round
// ended, until the links are healed: theirs are broken already, and Toxiproxy
// takes seconds to take a cut or a delay off a broken connection, or waits for
// ever. nil if there are none.
func (x *execution) shut(ctx context.Context, w *wave) fault.Fault {
	ended := w.targets(func(k fault.Kind) bool { return k.Family == fault.FamilyNode || k.Family == fault.FamilyDisk })
	if len(ended) == 0 {
		return nil
	}
	s := run.Step{Kind: "isolate-all", Targets: ended, Parameters: map[string]string{"mode": string(link.ModeReject)}}
	f, err := fault.Build(x.spec(s))
	if err != nil {
		x.broken("shut links", err)
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoPatience)
	defer cancel()
	_, err = f.Inject(ctx, x.cluster)
	x.check("shut links before they are healed", err)
	return f
}

// reopen ends shut, and with it the healing of the round's first fault.
func (x *execution) reopen(ctx context.Context, first *Round, shut fault.Fault) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoPatience)
	defer cancel()
	e, err := shut.Heal(ctx, x.cluster)
	if err != nil {
		x.broken("open links again", err)
		return false
	}
	if e.Outcome != proof.Installed {
		x.doubt("it is not proved that the links are open again: %s", e)
	}
	first.Healed = x.begin(Recovery)
	x.rec.Expect(first.Healed)
	return true
}

// note writes down what became of the round's steps.
func (x *execution) note(w *wave) {
	for _, l := range w.lives {
		x.plan.Steps[l.place] = l.Step
		i := slices.IndexFunc(x.rounds, func(r Round) bool { return r.Number == l.Number })
		if i < 0 {
			x.rounds = append(x.rounds, *l.Round)
			continue
		}
		x.rounds[i] = *l.Round
	}
}

// bears requires that the rest of the cluster serves within the bound while the
// faults that stay hold.
func (x *execution) bears(ctx context.Context, w *wave) bool {
	broken := x.clock.Now()
	x.rec.Expect(broken)
	_, err := cluster.WaitReady(ctx, x.cluster, x.sc.Bound)
	if err == nil && x.poll(ctx, x.left(broken), x.serves) {
		x.say(fmt.Sprintf("with nodes %v broken: first write after %s", w.gone(), run.Took(since(broken, x.rec.FirstWrite()))))
		return true
	}
	words := fmt.Sprintf("%s within %s with nodes %v broken", x.missing(), x.sc.Bound, w.gone())
	if err != nil {
		words += ": " + err.Error()
	}
	proved := all(w.lives, func(l ongoing) bool { return l.Bit.Outcome == proof.Installed })
	switch {
	case x.interrupted(ctx):
	case proved && x.quorate(w):
		x.accuse(NoProgress, "", words)
	default:
		x.doubt("%s", words)
	}
	return false
}

// mend heals what was to stay, once the rest has shown that it serves.
func (x *execution) mend(ctx context.Context) {
	if w := x.staying; w != nil {
		x.staying = nil
		x.mended(ctx, w)
	}
}

func all[T any](of []T, holds func(T) bool) bool {
	return !slices.ContainsFunc(of, func(v T) bool { return !holds(v) })
}
