package workload_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"raftkv/client"
	"raftkv/harness/recorder"
	"raftkv/harness/workload"
	"raftkv/harness/workload/memstore"
	"raftkv/history"
)

var five = map[int]string{1: "a1", 2: "a2", 3: "a3", 4: "a4", 5: "a5"}

// drive runs the default load on data for d of fake time and returns what was
// recorded, and the keys used.
func drive(t *testing.T, data *memstore.Data, d time.Duration) ([]history.Operation, []string) {
	t.Helper()
	return driveLoad(t, workload.NewConfig(3), data, d)
}

func driveLoad(t *testing.T, cfg workload.Config, data *memstore.Data, d time.Duration) ([]history.Operation, []string) {
	t.Helper()
	clock := recorder.NewClock()
	path := filepath.Join(t.TempDir(), "history.jsonl")
	rec, err := recorder.Create(path, clock)
	require.NoError(t, err)
	load, err := workload.Start(cfg, five, data.Dial, rec)
	require.NoError(t, err)
	time.Sleep(d) // fake time: the length of the load
	require.NoError(t, load.Stop())
	require.NoError(t, rec.Close())
	events, _, err := history.ReadFile(path)
	require.NoError(t, err)
	ops, err := history.Pair(events)
	require.NoError(t, err)
	return ops, load.Keys()
}

func TestTheLoadKeepsItsRateAndItsMix(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ops, keys := drive(t, &memstore.Data{Delay: time.Millisecond}, 10*time.Second)
		roaming, pinned := 0, map[string]map[history.Function]int{}
		values := map[string]bool{}
		for _, o := range ops {
			require.Equal(t, history.OutcomeOk, o.Outcome)
			if o.Input.Present {
				require.False(t, values[o.Input.Data], "value %s was written twice", o.Input.Data)
				values[o.Input.Data] = true
			}
			if o.Node == "" {
				roaming++
				continue
			}
			if pinned[o.Node] == nil {
				pinned[o.Node] = map[history.Function]int{}
			}
			pinned[o.Node][o.F]++
		}
		require.InDelta(t, 2500, roaming, 250, "250 a second")
		require.Len(t, pinned, 5)
		for _, n := range pinned {
			require.InDelta(t, 200, n[history.Get], 30)
			require.InDelta(t, 100, n[history.Put]+n[history.CAS], 20)
		}
		require.Greater(t, len(keys), 10, "keys are rotated")
		perKey := map[string]int{}
		for _, o := range ops {
			perKey[o.Key]++
			require.LessOrEqual(t, perKey[o.Key], 200)
		}
	})
}

func TestErrorsAreRecordedForWhatTheyMean(t *testing.T) {
	lost := fmt.Errorf("connection lost: %w", client.ErrUnknown)
	refused := fmt.Errorf("not leader: %w", client.ErrNotDone)
	odd := errors.New("a kind nobody told us about")
	for _, c := range []struct {
		f    history.Function
		err  error
		want history.Kind
	}{
		{history.Put, nil, history.Ok},
		{history.Put, lost, history.Info},
		{history.Put, refused, history.Fail},
		{history.Put, odd, history.Info},
		{history.CAS, errors.Join(lost, refused), history.Info},
		{history.Delete, context.DeadlineExceeded, history.Info},
		{history.Get, lost, history.Fail},
		{history.Get, odd, history.Fail},
	} {
		require.Equal(t, c.want, workload.Ended(c.f, c.err), "%s: %v", c.f, c.err)
	}
}

func TestAStuckStoreDoesNotStopTheClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ops, _ := drive(t, &memstore.Data{Delay: time.Hour}, 10*time.Second)
		processes := map[int]int{}
		for _, o := range ops {
			require.NotEqual(t, history.OutcomeOk, o.Outcome)
			processes[o.Process]++
		}
		require.Greater(t, len(ops), 5*15*2, "everyone goes on after each timeout")
		for _, o := range ops {
			require.LessOrEqual(t, time.Duration(o.End(o.Call)-o.Call), 2*time.Second)
		}
	})
}

func TestUnknownOutcomesMoveToNewProcessesAndKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		data := &memstore.Data{
			Delay:       time.Millisecond,
			AfterEffect: func(string, history.Function) error { return client.ErrUnknown },
		}
		ops, keys := drive(t, data, 2*time.Second)
		open := map[int]bool{}
		unknown := 0
		for _, o := range ops {
			require.False(t, open[o.Process], "process %d went on after an unknown outcome", o.Process)
			if o.Outcome == history.OutcomeUnknown {
				open[o.Process] = true
				unknown++
			}
		}
		require.Greater(t, unknown, 100)
		require.Greater(t, len(keys), unknown/8, "keys are retired after a few unknown outcomes")
	})
}
