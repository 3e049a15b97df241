package scenarios

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"raftkv/harness/cluster"
	"raftkv/harness/driver"
	"raftkv/harness/run"
)

// The tests of what a run tells its user.

func TestADriverThatWasChosenKeepsItsReason(t *testing.T) {
	o := Options{Driver: "process", Why: "no Docker engine answers; local processes instead", Binaries: driver.Binaries{Node: "/nonexistent/raftkv"}}
	started, err := startCluster(o)(t.Context(), cluster.Spec{}, o.Driver)
	require.Error(t, err)
	require.Equal(t, o.Why, started.Why)
}

func TestTheRecoveryIsOneNumber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := play(t, row(t, "leader-kill"), newFake(), Options{Seed: 3})
		require.Positive(t, r.Recovery)
		events, err := os.ReadFile(filepath.Join(r.Dir, run.EventsFile))
		require.NoError(t, err)
		require.Contains(t, string(events), "first write "+run.Took(r.Recovery).String()+" after healing")
		step := schedule(t, r).Steps[0]
		require.EqualValues(t, r.Recovery, step.Recovered-step.Healed, "as the page over many runs has it")
		ops, err := run.Folder{Path: r.Dir}.Operations()
		require.NoError(t, err)
		require.Equal(t, firstWrite(ops, step.Healed), step.Recovered, "it is the instant in the history")
	})
}

func TestAClusterThatDoesNotStartIsOneReason(t *testing.T) {
	f := newFake()
	f.startFails = true
	r := play(t, row(t, "leader-kill"), f, Options{Seed: 3})
	require.Equal(t, []string{"start cluster: no room for another cluster"}, r.Verdict.Reasons)
}
