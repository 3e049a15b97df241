package workload

import (
	"math/rand/v2"
	"time"

	"raftkv/history"
)

// How long clients wait for one operation. A pinned client asks a node that may
// be cut off, and is there to ask often rather than to get an answer.
const (
	timeoutRoaming = 1500 * time.Millisecond
	timeoutPinned  = 300 * time.Millisecond
)

// Mix is the share of each function, as weights.
type Mix struct {
	Put    int `json:"put"`
	Get    int `json:"get"`
	CAS    int `json:"cas"`
	Delete int `json:"delete"`
}

// pick draws a function by weight.
func (m Mix) pick(r *rand.Rand) history.Function {
	n := r.IntN(m.Put + m.Get + m.CAS + m.Delete)
	if n < m.Put {
		return history.Put
	}
	if n -= m.Put; n < m.Get {
		return history.Get
	}
	if n -= m.Get; n < m.CAS {
		return history.CAS
	}
	return history.Delete
}

// Config is a load. All of it is decided by the seed and the scenario, and is
// written into the run's schedule.
type Config struct {
	// Workload is the load's name; see Names.
	Workload string `json:"workload"`
	Seed     uint64 `json:"seed"`
	// Roaming clients, all together, and how many operations a second they
	// start at most.
	Roaming int `json:"roaming"`
	Rate    int `json:"rate"`
	Mix     Mix `json:"mix"`
	// Readers and Writers pinned on each node, and each one's rate.
	Readers    int       `json:"readers"`
	ReaderRate int       `json:"reader_rate"`
	Writers    int       `json:"writers"`
	WriterRate int       `json:"writer_rate"`
	Keys       KeyLimits `json:"keys"`
	// MaxAge is the bound of the stale reads, if there are any.
	MaxAge time.Duration `json:"max_age_ns,omitempty"`
}

// NewConfig is the default load with the mix that the seed draws.
func NewConfig(seed uint64) Config {
	r := rand.New(rand.NewPCG(seed, 0x6d6978))
	return Config{
		Workload: Mixed, Seed: seed,
		Roaming: 10,
		Rate:    250,
		Mix: Mix{
			Put:    30 + r.IntN(21),
			Get:    25 + r.IntN(21),
			CAS:    10 + r.IntN(11),
			Delete: 2 + r.IntN(5),
		},
		Readers: 2, ReaderRate: 10,
		Writers: 1, WriterRate: 10,
		Keys: KeyLimits{Active: 8, Operations: 200, Clients: 5, Unknown: 4},
	}
}
