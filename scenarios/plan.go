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
)

// source gives the random source of one kind of choice in one round.
func source(seed int64, scenario string, round, what int) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(scenario)) // never fails
	return rand.New(rand.NewPCG(uint64(seed)^h.Sum64(), uint64(round*8+what)))
}

// plan is the schedule as far as the seed alone decides it.
func plan(s Scenario, o Options) run.Schedule {
	load, _ := workload.Named(o.Workload, uint64(o.Seed)) // runWith has refused names that there are not
	if s.Rate != 0 {
		load.Rate = s.Rate
	}
	p := run.Schedule{
		Scenario: s.Name, Seed: o.Seed, Started: time.Now(), Flags: flags(s, o),
		Load: load, Warmup: warmup, Tail: tail,
	}
	for _, step := range s.Steps {
		for range max(step.Rounds, 1) {
			r := source(o.Seed, s.Name, len(p.Steps), drawHold)
			p.Steps = append(p.Steps, run.Step{Name: step.Name, Hold: step.Hold.draw(r)})
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
	return total
}
