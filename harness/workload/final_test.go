package workload_test

import (
	"context"
	"path/filepath"
	"sync/atomic"
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

func record(t *testing.T) *recorder.Recorder {
	t.Helper()
	rec, err := recorder.Create(filepath.Join(t.TempDir(), "h.jsonl"), recorder.NewClock())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, rec.Close()) })
	return rec
}

func open(t *testing.T, d *memstore.Data, addresses ...string) workload.Store {
	t.Helper()
	s, err := d.Dial(addresses, false)
	require.NoError(t, err)
	return s
}

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func TestFinalReadsAreRepeatedUntilTheySucceed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var refusals atomic.Int32
		d := &memstore.Data{Gate: func(string, history.Function) error {
			if refusals.Add(1) <= 20 {
				return client.ErrNotDone
			}
			return nil
		}}
		d.Set("a", "1")
		seen, err := workload.Final(within(t, 10*time.Second), open(t, d), record(t), []string{"a", "b"})
		require.NoError(t, err)
		require.Equal(t, map[string]history.Value{"a": {Present: true, Data: "1"}, "b": {}}, seen)
	})
}

func TestFinalReadsGiveUpAtTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &memstore.Data{Gate: func(string, history.Function) error { return client.ErrNotDone }}
		_, err := workload.Final(within(t, 3*time.Second), open(t, d), record(t), []string{"a", "b"})
		require.ErrorContains(t, err, "2 of 2 keys")
	})
}

func TestReplicasThatAgreeAreFine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &memstore.Data{}
		d.Set("a", "1")
		whole := open(t, d)
		nodes := map[int]workload.Store{1: open(t, d, "a1"), 2: open(t, d, "a2")}
		want := map[string]history.Value{"a": {Present: true, Data: "1"}}
		left, err := workload.Replicas(within(t, 3*time.Second), whole, nodes, record(t), want)
		require.NoError(t, err)
		require.Empty(t, left)
	})
}

func TestAReplicaThatStaysDifferentIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &memstore.Data{}
		d.Freeze("a2")
		d.Set("a", "1")
		whole := open(t, d)
		nodes := map[int]workload.Store{1: open(t, d, "a1"), 2: open(t, d, "a2")}
		want := map[string]history.Value{"a": {Present: true, Data: "1"}}
		left, err := workload.Replicas(within(t, 3*time.Second), whole, nodes, record(t), want)
		require.NoError(t, err)
		require.Equal(t, []workload.Divergence{{Node: 2, Key: "a", Want: want["a"]}}, left)
	})
}

func TestAnUnknownWriteThatLandsLateIsNoDivergence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &memstore.Data{}
		d.Set("a", "1")
		whole := open(t, d)
		nodes := map[int]workload.Store{1: open(t, d, "a1")}
		want := map[string]history.Value{"a": {Present: true, Data: "0"}}
		left, err := workload.Replicas(within(t, 3*time.Second), whole, nodes, record(t), want)
		require.NoError(t, err)
		require.Empty(t, left)
	})
}

// A node that does not answer in time has not been compared, and the reads say
// so: silence is not agreement.
func TestAReplicaThatIsNotReadIsNoAgreement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &memstore.Data{Gate: func(address string, _ history.Function) error {
			if address == "a2" {
				return client.ErrNotDone
			}
			return nil
		}}
		d.Set("a", "1")
		nodes := map[int]workload.Store{1: open(t, d, "a1"), 2: open(t, d, "a2")}
		want := map[string]history.Value{"a": {Present: true, Data: "1"}, "b": {}}
		left, err := workload.Replicas(within(t, 3*time.Second), open(t, d), nodes, record(t), want)
		require.Empty(t, left)
		require.EqualError(t, err, "final state of node 2: 2 of 2 keys could not be read")
	})
}
