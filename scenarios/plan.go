package scenarios

import (
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"time"

	"raftkv/harness/run"
	"raftkv/harness/workload"
)

// How long the cluster runs healthy and loaded before the first fault and after
// the last, and between rounds.
const (
	warmup  = 2 * time.Second
	tail    = 2 * time.Second
	between = 400 * time.Millisecond
	// overhead is what injecting, healing and recovering take, for the forecast.
	overhead = time.Second
)

// draws are independent streams of the seed, so that one choice does not shift
// the next.
const (
	drawHold = iota
	drawTarget
	drawFault
	drawRound
	drawStep
	drawStays
	drawDisks
)

// source gives the random source of one kind of choice in one round.
func source(seed int64, scenario string, round, what int) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(scenario)) // never fails
	return rand.New(rand.NewPCG(uint64(seed)^h.Sum64(), uint64(round*8+what)))
}

// outline is a schedule without its steps.
func outline(s Scenario, o Options) run.Schedule {
	load, _ := workload.Named(o.Workload, uint64(o.Seed)) // runPlan has refused names that there are not
	if s.Rate != 0 {
		load.Rate = s.Rate
	}
	return run.Schedule{
		Scenario: s.Name, Seed: o.Seed, Binary: o.Binary, Image: o.Image, Levers: o.Levers, Disks: s.Disks, Flags: flags(s, o),
		Load: load, Warmup: warmup, Tail: tail,
	}
}

// plan is a row's schedule as far as the seed alone decides it.
func plan(s Scenario, o Options) run.Schedule {
	p := outline(s, o)
	for _, step := range s.Steps {
		for range max(step.Rounds, 1) {
			n := len(p.Steps)
			hold := step.Hold.draw(source(o.Seed, s.Name, n, drawHold))
			p.Steps = append(p.Steps, run.Step{Name: step.Name, Number: n, Hold: hold})
		}
	}
	return p
}

// flags are the scenario's, overruled by the caller's.
func flags(s Scenario, o Options) map[string]string {
	f := maps.Clone(s.Flags)
	if f == nil {
		f = map[string]string{}
	}
	maps.Copy(f, o.Flags)
	return f
}

// forecast is how long the clients will run, if all goes well.
func forecast(p run.Schedule) time.Duration {
	total := p.Warmup + p.Tail + 2*overhead
	for _, s := range p.Steps {
		total += s.Hold + overhead
	}
	if p.Profile != "" {
		total = p.Warmup + p.Tail + 2*overhead + p.Length
	}
	return total
}
