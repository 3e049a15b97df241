package rafttest

import (
	"io"
	"slices"
	"time"
)

// Options say which run to make. The zero value of each but Seed stands for
// what the seed chooses, or for the default given beside it.
type Options struct {
	Seed uint64
	// Nodes is the number of voters.
	Nodes int
	// Duration is how long faults come and go, 30 s if zero. Healing, the final
	// reads and the judgement follow.
	Duration time.Duration
	// Calm turns every fault off: for benchmarks and for the simulator's own tests.
	Calm bool
	// Faults are the names of the only faults to come and go; empty: the seed's choice.
	Faults []string
	// Leases makes sure that nodes read by leases, which the seed chooses otherwise.
	Leases bool
	// Keep cuts the run down to part of itself; its zero value keeps everything.
	Keep Keep
	// Plant is a bug put around the engine on purpose.
	Plant Plant
	// SkipJudge leaves out the judgement of the clients' history.
	SkipJudge bool
	// Trace receives every line of the trace as it happens, when set.
	Trace io.Writer
}

// duration is how long faults come and go.
func (o Options) duration() time.Duration {
	if o.Duration == 0 {
		return 30 * time.Second
	}
	return o.Duration
}

// Time in the simulated cluster. The ratios are a real cluster's.
const (
	tickEvery      = 25 * time.Millisecond
	electionTicks  = 10
	heartbeatTicks = 2
	// Bounds that a healed quorum has to keep.
	electWithin    = 8 * time.Second
	convergeWithin = 20 * time.Second
	settleWithin   = 15 * time.Second // and every emptied folder's place is taken
	// After settleFor more, its leader has to stay for stayFor.
	settleFor = 500 * time.Millisecond
	stayFor   = 2 * time.Second
	// judgeFor is how long the judge may search a history for an order: real time,
	// the only one in a run. Nearly all take milliseconds.
	judgeFor = 10 * time.Second
)

// plan is what the seed decides once, before anything happens: the cluster,
// its limits, the clients, and which faults this run knows. Runs that know
// only some faults reach states that a mixture of all of them never does.
type plan struct {
	voters, learners []uint64
	joiners          []uint64 // may be added

	maxMsgBytes, maxInflightMsgs, maxInflightBytes, maxUncommittedBytes int

	// A snapshot is taken after snapshotEvery entries and leaves trailing ones.
	snapshotEvery, trailing uint64
	installFails            float64

	diskMin, diskMax   time.Duration
	applyMin, applyMax time.Duration
	loopMax            time.Duration
	netMin, netMax     time.Duration
	// Messages that straggle take up to stragglerMax.
	straggler    float64
	stragglerMax time.Duration
	loss, dup    float64
	clientLoss   float64
	drift        float64 // clocks run between 1-drift and 1+drift

	clients, keys int
	think         time.Duration
	sessionTTL    time.Duration

	healthy    bool // nobody stays sick when the others heal
	faults     []faultKind
	faultEvery time.Duration

	leases     leasePlan
	founding   foundingPlan
	unrestored uint64
}

// members are all nodes, voters first, and last those that may come to be some.
func (p *plan) members() []uint64 { return slices.Concat(p.voters, p.learners, p.joiners) }

// churns says that the membership changes in this run.
func (p *plan) churns() bool { return len(p.joiners) > 0 }

func newPlan(o Options, d dice) plan {
	p := plan{
		maxMsgBytes: choose(d, 1, 200, 1000, 64<<10), maxInflightMsgs: choose(d, 1, 3, 16, 256),
		maxInflightBytes: choose(d, 300, 4000, 1<<20), maxUncommittedBytes: choose(d, 400, 4000, 1<<20),
		snapshotEvery: choose(d, uint64(7), 25, 100, 1000), trailing: choose(d, uint64(0), 5, 20, 200),
		diskMin: 200 * time.Microsecond, diskMax: choose(d, time.Millisecond, 3*time.Millisecond, 20*time.Millisecond),
		applyMin: 10 * time.Microsecond, applyMax: choose(d, 100*time.Microsecond, 2*time.Millisecond, 30*time.Millisecond),
		loopMax: choose(d, 20*time.Microsecond, 500*time.Microsecond),
		netMin:  100 * time.Microsecond, netMax: choose(d, time.Millisecond, 5*time.Millisecond, 40*time.Millisecond),
		clients: 3 + d.IntN(4), keys: 2 + d.IntN(6), think: choose(d, 40*time.Millisecond, 100*time.Millisecond),
		sessionTTL: choose(d, 0, 2*time.Second, time.Minute),
		faultEvery: choose(d, 300*time.Millisecond, time.Second, 2500*time.Millisecond),
	}
	p.chooseMembers(o, d)
	if !o.Calm {
		p.chooseTrouble(o, d)
	}
	p.chooseLeases(o, d)
	p.chooseFounding(o, d)
	p.cutDown(o.Keep)
	p.boundBacklog()
	return p
}

// entrySize is about what a command of the clients weighs in the log.
const entrySize = 100

// boundBacklog keeps what a follower may lack to what the leader's window carries to
// it in half of the time in which a healed quorum has to write: a new write is
// committed behind what waits uncommitted, and may need one who lacks what was
// committed before, if that is too little for a snapshot. The narrowest window is one
// entry, over the slowest network some twenty a second, whatever the engine does
// (TestCatchUpFillsTheWindow): a thousand that wait would outlast any bound.
func (p *plan) boundBacklog() {
	most := p.carries(electWithin / 2)
	p.maxUncommittedBytes = min(p.maxUncommittedBytes, most/2*entrySize)
	p.trailing = min(p.trailing, uint64(most/4))
	p.snapshotEvery = min(p.snapshotEvery, uint64(most/4))
}

// carries is how many entries a follower gets in a time.
func (p *plan) carries(in time.Duration) int { return int(in/p.roundTrip()) * p.window() }

// roundTrip is how long an append takes on average until its answer is here.
func (p *plan) roundTrip() time.Duration {
	return p.netMin + p.netMax + (p.diskMin+p.diskMax)/2 + p.loopMax
}

// window is how many entries may be on their way to a follower.
func (p *plan) window() int {
	return max(1, min(p.maxInflightMsgs*max(1, p.maxMsgBytes/entrySize), p.maxInflightBytes/entrySize))
}

func (p *plan) chooseMembers(o Options, d dice) {
	voters, learners := choose(d, 5, 5, 5, 3, 3, 4, 2, 1), choose(d, 0, 0, 0, 1)
	if o.Nodes != 0 {
		voters, learners = o.Nodes, 0
	}
	for id := uint64(1); id <= uint64(voters+learners); id++ {
		if id <= uint64(voters) {
			p.voters = append(p.voters, id)
		} else {
			p.learners = append(p.learners, id)
		}
	}
}

// chooseTrouble sets the faults that are always there and picks those that
// come and go.
func (p *plan) chooseTrouble(o Options, d dice) {
	p.installFails = choose(d, 0, 0.2)
	p.straggler, p.stragglerMax = choose(d, 0, 0.01, 0.1), choose(d, 50*time.Millisecond, time.Second)
	p.loss, p.dup = choose(d, 0, 0.01, 0.1), choose(d, 0, 0.01, 0.1)
	p.clientLoss = choose(d, 0, 0.02)
	p.drift = choose(d, 0, 0.05, 0.3)
	for len(p.faults) == 0 {
		for _, f := range allFaults {
			if len(o.Faults) == 0 && d.chance(0.5) || slices.Contains(o.Faults, f.name) {
				p.faults = append(p.faults, f)
			}
		}
	}
	p.chooseJoiners()
}

// chooseJoiners adds nodes to runs in which the membership changes.
func (p *plan) chooseJoiners() {
	if !slices.ContainsFunc(p.faults, func(f faultKind) bool { return f.name == membershipFault }) {
		return
	}
	first := uint64(len(p.voters) + len(p.learners) + 1)
	p.joiners = []uint64{first, first + 1}
}

// choose is one of the values, each as likely as the others.
func choose[T any](d dice, values ...T) T { return values[d.IntN(len(values))] }
