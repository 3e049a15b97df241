package scenarios

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"raftkv/harness/workload"
	"raftkv/history/check"
)

func TestEveryWorkloadGoesWithAScenario(t *testing.T) {
	for _, name := range workload.Names() {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := play(t, row(t, "leader-kill"), newFake(), Options{Seed: 7, Workload: name})
				require.Equal(t, check.Pass, r.Verdict.Result, r.Verdict.Summary)
				for _, f := range r.Verdict.Floors {
					require.True(t, f.Met(), f.String())
				}
			})
		})
	}
}

// A store without the reads that a workload is about leaves the question open.
func TestStaleReadsThatNobodyAnswersAreInconclusive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.data.Unbounded = true
		r := play(t, row(t, "leader-kill"), f, Options{Seed: 7, Workload: workload.StaleReads})
		require.Equal(t, check.Inconclusive, r.Verdict.Result)
		require.Contains(t, reasons(r), "stale get at node 1 in phase before")
	})
}

func TestAnUnknownWorkloadIsRefused(t *testing.T) {
	_, err := runWith(t.Context(), row(t, "leader-kill"), Options{Workload: "chess", OutDir: t.TempDir()}, newFake().deps())
	require.ErrorIs(t, err, workload.ErrUnknownWorkload)
}
