package check

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"raftkv/history"
)

func counterStep(_ *rand.Rand, expect history.Value, tag string) history.Value {
	c, _ := history.ParseCounter(expect)
	return c.Next(tag).Value()
}

func listStep(_ *rand.Rand, expect history.Value, tag string) history.Value {
	l, _ := history.ParseList(expect)
	return l.With(tag).Value()
}

func lockStep(r *rand.Rand, expect history.Value, tag string) history.Value {
	l, _ := history.ParseLock(expect)
	if l.Held && r.IntN(3) > 0 {
		return l.Released().Value()
	}
	return l.Taken(tag).Value()
}

var objectSteps = map[string]func(*rand.Rand, history.Value, string) history.Value{
	history.CounterPrefix + "1": counterStep, history.ListPrefix + "1": listStep, history.LockPrefix + "1": lockStep,
}

func object(key string, seed uint64, bug float64) simulation {
	return simulation{Rand: rand.New(rand.NewPCG(seed, 2)), bug: bug, unknown: 0.15, key: key, step: objectSteps[key]}
}

// Each rule accuses only histories that no store can have made, and finds its
// share of those.
func TestObjectRulesAreSoundAndBite(t *testing.T) {
	bad := make(map[Kind]int)
	for key := range objectSteps {
		good := 0
		for seed := range uint64(3000) {
			s := object(key, seed, 0.3*float64(seed%3)/2)
			ops := s.run(3+s.IntN(9), 1+s.IntN(4), s.IntN(3))
			r := registers(ops)[0]
			found := r.objects()
			if linearizable(ops) {
				good++
				require.Empty(t, found, dump(seed, ops, Judge(ops, Options{})))
			}
			for _, v := range found {
				bad[v.Kind]++
				require.NotEmpty(t, v.Witness)
			}
		}
		require.Greater(t, good, 1000, key)
	}
	for _, kind := range objectKinds {
		if kind != StaleBound && kind != ListTwice { // the one has its own test, the other a file
			require.Positive(t, bad[kind], "%s: %v", kind, bad)
		}
	}
	t.Log(bad)
}

func TestLongObjectHistoriesPass(t *testing.T) {
	for key := range objectSteps {
		for seed := range uint64(200) {
			s := object(key, seed, 0)
			ops := s.run(100, 1+s.IntN(5), 2)
			v := Judge(ops, Options{})
			require.NotEqual(t, Violated, v.Result, dump(seed, ops, v))
		}
	}
}

// A key that is not used as its name says is judged as a plain register.
func TestForeignKeysAreNoObjects(t *testing.T) {
	for key := range objectSteps {
		b := &builder{}
		b.put(key, history.Some("1 x"))
		b.put(key, history.Some("1 y"))
		b.get(key, history.Some("1 y"))
		v := Judge(b.ops, Options{})
		require.Equal(t, Pass, v.Result, v.text())
	}
}

// widened is the definition of a bound: the read as one of the latest state that
// was called that much earlier.
func widened(ops []history.Operation) []history.Operation {
	var all []history.Operation
	for _, o := range ops {
		o.Call, o.Stale = o.Call-o.MaxAge, false
		all = append(all, o)
	}
	return all
}

func TestAStaleReadKeepsItsBound(t *testing.T) {
	found, passed := 0, 0
	for seed := range uint64(8000) {
		s := simulation{Rand: rand.New(rand.NewPCG(seed, 3)), unknown: 0.15, maxAge: 1 + int64(seed%5)}
		late := seed%2 == 0
		if late {
			s.bug = 0.1
		}
		ops := s.run(3+s.IntN(8), 1+s.IntN(4), s.IntN(2))
		r := registers(ops)[0]
		vs := r.sharp()
		if len(vs) > 0 && vs[0].Kind != StaleBound {
			continue // the bug did something else as well
		}
		good := linearizable(widened(ops))
		require.Equal(t, good, len(vs) == 0 && Judge(ops, Options{}).Result != Violated, dump(seed, ops, Judge(ops, Options{})))
		if good {
			passed++
			continue
		}
		found++
		require.Contains(t, vs[0].Words, "older by then than")
		for _, o := range vs[0].Witness {
			require.Equal(t, o.MaxAge > 0, o.Stale)
			require.Contains(t, ops, o, "the witness is told as it was")
		}
	}
	require.Greater(t, passed, 3000)
	require.Greater(t, found, 50)
}
