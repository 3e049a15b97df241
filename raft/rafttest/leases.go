package rafttest

import (
	"slices"
	"time"

	"raftkv/raft"
)

// Lease reads, in the runs that have them: clocks that run apart within the
// bound, that go on through pauses, and nodes that have leases in one life and
// not in the next.

// leasePlan says whether a run has leases, and how far clocks may run apart.
type leasePlan struct {
	on bool
	// swing: clocks run between 1-swing and 1+swing, at most.
	swing float64
}

// chooseLeases comes last in a plan, so that it changes nothing else of it.
func (p *plan) chooseLeases(o Options, d dice) {
	p.leases = leasePlan{on: d.chance(0.4) || o.Leases, swing: choose(d, 0.02, 0.1, 0.2)}
	if !p.leases.on || o.Calm {
		return
	}
	p.drift = min(p.drift, p.leases.swing)
	for _, f := range leaseFaults {
		if len(o.Faults) == 0 && d.chance(0.5) || slices.Contains(o.Faults, f.name) {
			p.faults = append(p.faults, f)
		}
	}
}

// swing is how far the fault takes a clock.
func (p *plan) swing() float64 {
	if p.leases.on {
		return p.leases.swing
	}
	return 0.5
}

// nodeClock is a node's own clock. It goes on while the process is paused, and
// through a crash.
type nodeClock struct {
	shows, at time.Duration // what it showed at a moment of true time
	drift     float64       // how long its second is
}

func (c *nodeClock) read(now time.Duration) time.Duration {
	return c.shows + time.Duration(float64(now-c.at)/c.drift)
}

// setDrift makes the clock go faster or slower from now on.
func (n *node) setDrift(drift float64) {
	n.clock = nodeClock{shows: n.clock.read(n.w.now), at: n.w.now, drift: drift}
	n.drift = drift
}

// configureLeases is what this life of a node has, and what an earlier one may
// have promised.
func (n *node) configureLeases(c *raft.Config) {
	p := n.w.plan.leases
	if !p.on {
		return
	}
	c.LeaseReads = n.w.nodeDice.chance(0.9)
	c.TickTime = uint64(tickEvery)
	c.MaxClockDrift = (1+p.swing)/(1-p.swing) - 1
	n.disk.promised = n.disk.promised || c.LeaseReads
	if n.disk.promised {
		c.SilentTicks = raft.SilentTicks(uint64(electionTicks*tickEvery), uint64(tickEvery))
	}
}

// tellTime gives the engine the clock's reading, after all inputs of a turn.
func (n *node) tellTime() {
	if n.w.plan.leases.on {
		n.eng.Clock(uint64(n.clock.read(n.w.now)))
	}
}

// bunchTicks lets a process that goes on find two ticks at once, as with Go's
// tickers: one that had come and one that was late.
func (n *node) bunchTicks() {
	if n.w.plan.leases.on && n.w.nodeDice.chance(0.5) {
		n.after(0, n.tick)
	}
}
