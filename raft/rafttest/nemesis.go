package rafttest

import (
	"fmt"
	"time"
)

// faultKind names a kind of fault. Each injects itself and gives back how it
// heals.
type faultKind struct {
	name   string
	inject func(ne *nemesis) (what string, heal func())
}

// allFaults, in the order in which the plan chooses from them.
var allFaults = []faultKind{
	{"halves", (*nemesis).halves},
	{"isolate", (*nemesis).isolate},
	{"isolate leader", (*nemesis).isolateLeader},
	{"leader from peers only", (*nemesis).leaderFromPeers},
	{"one way", (*nemesis).oneWay},
	{"deaf", (*nemesis).deaf},
	{"bridge", (*nemesis).bridge},
	{"ring", (*nemesis).ring},
	{"flapping", (*nemesis).flapping},
	{"random links", (*nemesis).randomLinks},
	{"lossy", (*nemesis).lossy},
	{"slow network", (*nemesis).slowNetwork},
	{"crash", (*nemesis).crashSome},
	{"crash leader", (*nemesis).crashLeader},
	{"crash all", (*nemesis).crashAll},
	{"crash loop", (*nemesis).crashLoop},
	{"pause", (*nemesis).pauseSome},
	{"pause leader", (*nemesis).pauseLeader},
	{"disk stall", (*nemesis).diskStall},
	{"disk stall on leader", (*nemesis).diskStallLeader},
	{"disk fails", (*nemesis).diskFails},
	{"disk fills", (*nemesis).diskFills},
	{"drift", (*nemesis).clockDrift},
	{"transfer", (*nemesis).transfer},
	{"campaign", (*nemesis).campaign},
	{"burst", (*nemesis).burst},
	{"burst on a leader cut off", (*nemesis).burstCutOff},
	{membershipFault, (*nemesis).churn},
	{damageFault, (*nemesis).damageOne},
	{wipedFault, (*nemesis).wipeSome},
	{bentFault, (*nemesis).bendSome},
}

// nemesis lets faults come and go, several at a time.
type nemesis struct {
	w       *world
	dice    dice
	active  []*activeFault
	ended   bool
	strikes uint64
	done    []FaultStep
}

// activeFault is a fault that has not healed yet.
type activeFault struct {
	name   string
	heal   func()
	healed bool
}

// faultsAtOnce is how many faults may overlap.
const faultsAtOnce = 3

func (ne *nemesis) begin() {
	if len(ne.w.plan.faults) == 0 {
		return
	}
	ne.w.after(ne.dice.around(ne.w.plan.faultEvery), ne.strike)
}

// strike injects one of the plan's faults and schedules the next. The fault gets
// dice of its own, by its number.
func (ne *nemesis) strike() {
	if ne.ended {
		return
	}
	ne.begin()
	ne.strikes++
	if len(ne.active) >= faultsAtOnce || !keeps(ne.w.opts.Keep.Faults, ne.strikes) {
		return
	}
	one := &nemesis{w: ne.w, dice: newDice(ne.w.opts.Seed, streamFault+stream(ne.strikes)<<32)}
	kind := ne.w.plan.faults[one.dice.IntN(len(ne.w.plan.faults))]
	what, heal := kind.inject(one)
	f := &activeFault{name: kind.name, heal: heal}
	ne.w.note(record{step: stepFault, note: kind.name + " " + what})
	ne.active = append(ne.active, f)
	lasts := one.duration()
	ne.done = append(ne.done, FaultStep{ne.strikes, ne.w.now, fmt.Sprintf("%s %s, for %v", kind.name, what, lasts)})
	ne.w.after(lasts, func() { ne.end(f) })
}

// duration is mostly of the order of an election timeout, at times much longer.
func (ne *nemesis) duration() time.Duration {
	if ne.dice.chance(0.2) {
		return ne.dice.between(time.Second, 6*time.Second)
	}
	return ne.dice.between(50*time.Millisecond, 1200*time.Millisecond)
}

func (ne *nemesis) end(f *activeFault) {
	if f.healed {
		return
	}
	f.healed = true
	for i, a := range ne.active {
		if a == f {
			ne.active = append(ne.active[:i:i], ne.active[i+1:]...)
			break
		}
	}
	ne.w.note(record{step: stepHeal, note: f.name})
	f.heal()
}

// healCore ends all faults, and lets trouble stay with a minority: crashed, stopped, cut off, with a dead disk, or able to send but
// not to hear. It returns the nodes that are well, which have to make progress.
func (ne *nemesis) healCore() (core []uint64) {
	ne.ended = true
	for len(ne.active) > 0 {
		ne.end(ne.active[0])
	}
	w := ne.w
	calm := &w.plan
	calm.loss, calm.dup, calm.straggler, calm.clientLoss, calm.installFails = 0, 0, 0, 0, 0
	w.net.loss, w.net.dup, w.net.slow = 0, 0, 0
	sick := ne.chooseSick()
	for _, n := range w.nodes {
		n.fuse = -1
		n.resume()
		n.start()
		if sick[n.number] {
			ne.leaveSick(n)
		} else {
			core = append(core, n.number)
		}
	}
	return core
}

// chooseSick picks, in every other run, whom not to heal: as many as leave each
// membership that may be in force a majority, together with those that lost part
// of their logs, or some of these. A founding needs every founder.
func (ne *nemesis) chooseSick() map[uint64]bool {
	sick := map[uint64]bool{}
	if !ne.w.founded() || ne.w.opts.Calm || !ne.dice.chance(0.5) || ne.w.plan.healthy {
		return sick
	}
	skip := choose(ne.dice, 0, 0, 0.3)
	for _, id := range ne.dice.shuffled(ne.w.members) {
		sick[id] = true
		if ne.dice.chance(skip) || !ne.w.spares(func(n *node) bool { return sick[n.number] || n.disk.damaged }) {
			delete(sick, id)
			continue
		}
		if leader := ne.theLeader(); leader.up && ne.dice.chance(0.2) {
			_ = leader.eng.TransferLeader(ne.w.engineID(id)) // to one who will not take it
		}
	}
	return sick
}

func (ne *nemesis) leaveSick(n *node) {
	how := choose(ne.dice, sickCrashed, sickPaused, sickStalled, sickDeaf, sickIsolated)
	ne.w.note(record{step: stepFault, note: fmt.Sprint("left sick ", n.number, " ", how)})
	switch how {
	case sickCrashed:
		n.crash()
	case sickPaused:
		n.pause()
	case sickStalled:
		n.disk.stallUntil = time.Hour
	default:
		ne.w.net.clientCut[n.number]++
		ne.leaveCut(n, how == sickIsolated)
	}
}

// The ways in which a node is left sick.
const (
	sickCrashed  = "crashed"
	sickPaused   = "paused"
	sickStalled  = "with a stalled disk"
	sickDeaf     = "deaf"
	sickIsolated = "isolated"
)

// leaveCut cuts what a node would hear, and maybe what it sends.
func (ne *nemesis) leaveCut(n *node, mute bool) {
	for _, id := range ne.w.members {
		if id == n.number {
			continue
		}
		ne.w.net.cut(id, n.number, false)
		if mute {
			ne.w.net.cut(n.number, id, false)
		}
	}
}

// drift is how fast a clock runs.
func (d dice) drift(by float64) float64 { return 1 + by*(2*d.Float64()-1) }

// someone is any node; the leader, if there is one, as often as not.
func (ne *nemesis) someone() *node {
	if id := ne.w.leader(ne.w.members); id != 0 && ne.dice.chance(0.5) {
		return ne.w.node(id)
	}
	return ne.w.node(ne.dice.pick(ne.w.members))
}

// theLeader is the leader, or anybody while there is none.
func (ne *nemesis) theLeader() *node {
	if id := ne.w.leader(ne.w.members); id != 0 {
		return ne.w.node(id)
	}
	return ne.w.node(ne.dice.pick(ne.w.members))
}
