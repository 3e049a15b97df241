package check

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"raftkv/history"
)

func simulated(seed uint64, bug float64) simulation {
	r := rand.New(rand.NewPCG(seed, 1))
	s := simulation{Rand: r, bug: bug, unknown: 0.15, deletes: r.IntN(2) == 0, swaps: r.IntN(2) == 0}
	if r.IntN(4) == 0 {
		s.values = 2 + r.IntN(3)
	}
	return s
}

func dump(seed uint64, ops []history.Operation, v Verdict) string {
	s := fmt.Sprintf("seed %d\n", seed)
	for _, o := range ops {
		s += fmt.Sprintf("[%d %d] p%d %s\n", o.Call, o.Return, o.Process, Describe(o))
	}
	return s + v.text()
}

// Whatever an atomic register produces passes, with any number of unknowns.
func TestALinearizableHistoryIsNeverFlagged(t *testing.T) {
	for seed := range uint64(3000) {
		s := simulated(seed, 0)
		ops := s.run(4+s.IntN(60), 1+s.IntN(5), s.IntN(3))
		v := Judge(ops, Options{})
		require.NotEqual(t, Violated, v.Result, dump(seed, ops, v))
	}
}

// On small histories, good and bad, the verdict is that of trying every order;
// and every witness has no order on its own.
func TestTheVerdictIsThatOfTryingEveryOrder(t *testing.T) {
	good, bad := 0, make(map[Kind]int)
	for seed := range uint64(20000) {
		s := simulated(seed, 0.25*float64(seed%3)/2)
		ops := s.run(3+s.IntN(8), 1+s.IntN(4), s.IntN(3))
		v := Judge(ops, Options{})
		want := linearizable(ops)
		require.Equal(t, want, v.Result != Violated, dump(seed, ops, v))
		if want {
			good++
		}
		for _, x := range v.Violations {
			bad[x.Kind]++
			require.False(t, linearizable(x.Witness), dump(seed, ops, v))
		}
	}
	require.Greater(t, good, 3000)
	for _, kind := range kinds {
		if kind != BrokenCAS { // the simulation has no such bug
			require.Greater(t, bad[kind], 20, "%s: %v", kind, bad)
		}
	}
	t.Log(good, bad)
}

// Pruning neither hides nor makes a violation.
func TestPruningKeepsTheAnswer(t *testing.T) {
	for seed := range uint64(6000) {
		s := simulated(seed, 0.2*float64(seed%2))
		s.unknown = 0.4
		ops := s.run(3+s.IntN(8), 1+s.IntN(4), 1)
		r := registers(ops)[0]
		var pruned []history.Operation
		for _, c := range r.prune() {
			o := *c.op
			if c.until != history.Infinity && o.Outcome == history.OutcomeUnknown {
				// The oracle knows no clamped unknowns: it may take effect by then, or
				// the history has no order, which the reader of its value decides.
				continue
			}
			pruned = append(pruned, o)
		}
		if len(pruned) == len(r.prune()) {
			require.Equal(t, linearizable(ops), linearizable(pruned), "seed %d", seed)
		}
	}
}

func TestWitnessesAreSmall(t *testing.T) {
	var sizes []int
	for seed := range uint64(400) {
		s := simulated(seed, 0.1)
		ops := s.run(40, 3, 1)
		for _, x := range Judge(ops, Options{}).Violations {
			sizes = append(sizes, len(x.Witness))
		}
	}
	slices.Sort(sizes)
	require.NotEmpty(t, sizes)
	require.LessOrEqual(t, sizes[len(sizes)/2], 5)
	require.LessOrEqual(t, sizes[len(sizes)-1], mostInWitness)
}
