package workload_test

import (
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"raftkv/client"
	"raftkv/harness/workload"
	"raftkv/harness/workload/memstore"
	"raftkv/history"
	"raftkv/history/check"
)

// dice says yes one time in n, from any goroutine.
func dice(n int) func() bool {
	var mu sync.Mutex
	r := rand.New(rand.NewPCG(1, 1))
	return func() bool {
		mu.Lock()
		defer mu.Unlock()
		return r.IntN(n) == 0
	}
}

func named(t *testing.T, name string) workload.Config {
	t.Helper()
	cfg, err := workload.Named(name, 3)
	require.NoError(t, err)
	return cfg
}

// Whatever the workload, what a good store answers passes, though every tenth
// write is of unknown outcome; and the budgets of the keys make the search end
// in a fraction of what it may take.
func TestEachWorkloadPassesAndIsDecided(t *testing.T) {
	for _, name := range workload.Names() {
		t.Run(name, func(t *testing.T) {
			cfg := named(t, name)
			var ops []history.Operation
			synctest.Test(t, func(t *testing.T) {
				lost := dice(10)
				data := &memstore.Data{Delay: 20 * time.Millisecond, AfterEffect: func(string, history.Function) error {
					if lost() {
						return client.ErrUnknown
					}
					return nil
				}}
				ops, _ = driveLoad(t, cfg, data, 5*time.Second)
			})
			floors := cfg.Floors([]string{"1", "5"}, "", "")
			for _, f := range []history.Function{history.Put, history.Get, history.CAS} {
				floors = append(floors, check.Floor{Function: cfg.Counts(f), Min: 30})
			}
			v := check.Judge(ops, check.Options{Memory: 64 << 20, Floors: floors})
			require.Equal(t, check.Pass, v.Result, "%+v", v.Reasons)
		})
	}
}

// A store that loses one acknowledged write in forty is caught by each, and the
// objects' own rules are among what catches it.
func TestEachWorkloadCatchesALostWrite(t *testing.T) {
	own := map[string][]check.Kind{
		workload.Counter: {check.CounterOff},
		workload.List:    {check.ListForked},
		workload.Lock:    {check.TokenReused, check.TokenWentBack, check.TwoHolders},
	}
	for _, name := range workload.Names() {
		t.Run(name, func(t *testing.T) {
			var ops []history.Operation
			synctest.Test(t, func(t *testing.T) {
				lost := dice(40)
				data := &memstore.Data{Delay: time.Millisecond, Lost: func(history.Function) bool { return lost() }}
				ops, _ = driveLoad(t, named(t, name), data, 5*time.Second)
			})
			v := check.Judge(ops, check.Options{})
			require.Equal(t, check.Violated, v.Result)
			for _, kind := range own[name] {
				require.Positive(t, v.Counts[kind], "%s: %v", kind, v.Counts)
			}
		})
	}
}

// A node that answers from what it had long ago keeps no bound, and says so only
// to those who ask for one.
func TestStaleReadsBeyondTheirBoundAreCaught(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		data := &memstore.Data{Delay: time.Millisecond}
		stop := time.AfterFunc(time.Second, func() { data.Freeze("a2") })
		defer stop.Stop()
		ops, _ := driveLoad(t, named(t, workload.StaleReads), data, 3*time.Second)
		var stale []history.Operation
		for _, o := range ops {
			if o.F != history.Get || o.Stale || o.Node != "2" { // linearizable reads at node 2 are stale too
				stale = append(stale, o)
			}
		}
		v := check.Judge(stale, check.Options{})
		require.Equal(t, check.Violated, v.Result)
		require.Equal(t, map[check.Kind]int{check.StaleBound: v.Counts[check.StaleBound]}, v.Counts)
		for _, x := range v.Violations {
			require.Contains(t, x.Words, "at node 2")
		}
	})
}

func TestAnUnknownWorkloadIsNamed(t *testing.T) {
	_, err := workload.Named("chess", 1)
	require.ErrorIs(t, err, workload.ErrUnknownWorkload)
	require.ErrorContains(t, err, "counter")
	require.Equal(t, workload.NewConfig(7), func() workload.Config { c, _ := workload.Named("", 7); return c }())
}
