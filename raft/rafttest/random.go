package rafttest

import (
	"math/rand/v2"
	"time"
)

// dice is one stream of random numbers. Each part of the world has its own, so
// that a change to how one part rolls leaves the others' rolls as they were.
type dice struct{ *rand.Rand }

// stream numbers the parts of the world that roll dice.
type stream uint64

const (
	streamPlan stream = iota + 1
	streamNetwork
	streamDisk
	streamNode
	streamFault
	streamClient
	streamEngine // plus the node's id
)

func newDice(seed uint64, s stream) dice {
	return dice{rand.New(rand.NewPCG(seed, uint64(s)*0x9e3779b97f4a7c15))}
}

// chance is true with probability p.
func (d dice) chance(p float64) bool { return p > 0 && d.Float64() < p }

// between is uniform in [lo, hi).
func (d dice) between(lo, hi time.Duration) time.Duration {
	if hi <= lo {
		return lo
	}
	return lo + time.Duration(d.Int64N(int64(hi-lo)))
}

// around is exponential with the given mean, cut at ten times the mean.
func (d dice) around(mean time.Duration) time.Duration {
	return time.Duration(min(d.ExpFloat64(), 10) * float64(mean))
}

// pick is one of the ids.
func (d dice) pick(ids []uint64) uint64 { return ids[d.IntN(len(ids))] }

// shuffled is a copy of ids in random order.
func (d dice) shuffled(ids []uint64) []uint64 {
	out := append([]uint64(nil), ids...)
	d.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}
