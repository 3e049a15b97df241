package fault_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"raftkv/harness/cluster"
	"raftkv/harness/fault"
	"raftkv/harness/proof"
)

// fickle is proved so often, and then not any more.
type fickle struct{ proved int }

func (*fickle) Name() string { return "fickle" }

func (f *fickle) Inject(context.Context, cluster.Cluster) (proof.Evidence, error) {
	if f.proved--; f.proved < 0 {
		return proof.Evidence{Outcome: proof.Indeterminate}, nil
	}
	return proof.Evidence{Outcome: proof.Installed}, nil
}

func (f *fickle) Heal(context.Context, cluster.Cluster) (proof.Evidence, error) {
	return proof.Evidence{Outcome: proof.Installed}, nil
}

// Brutal, seed 453279: the first flap is the proof. Later ones may not be proved for
// another fault's sake, which makes the healing no less sure.
func TestTheFirstFlapIsTheProof(t *testing.T) {
	for proved, want := range map[int]proof.Outcome{0: proof.Indeterminate, 1: proof.Installed, 100: proof.Installed} {
		synctest.Test(t, func(t *testing.T) {
			f := fault.Flap(&fickle{proved: proved}, time.Second)
			e, err := f.Inject(t.Context(), nil)
			require.NoError(t, err)
			require.Equal(t, want, e.Outcome)
			time.Sleep(10 * time.Second) // of the bubble: five more flaps
			e, err = f.Heal(t.Context(), nil)
			require.NoError(t, err)
			require.Equal(t, proof.Installed, e.Outcome, e.Detail)
		})
	}
}
