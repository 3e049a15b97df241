package fault_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"raftkv/harness/cluster"
	"raftkv/harness/fault"
	"raftkv/harness/proof"
)

// untouchable fails the test when it is touched.
type untouchable struct{ t *testing.T }

func (untouchable) Name() string { return "untouchable" }

func (u untouchable) Inject(context.Context, cluster.Cluster) (proof.Evidence, error) {
	u.t.Error("injected")
	return proof.Evidence{}, nil
}

func (u untouchable) Heal(context.Context, cluster.Cluster) (proof.Evidence, error) {
	u.t.Error("healed")
	return proof.Evidence{}, nil
}

func TestAFaultWithoutWhatItNeedsIsSkippedWithTheReason(t *testing.T) {
	f := fault.Needing(untouchable{t}, fault.Need{Name: "wings", Probe: func(context.Context, cluster.Cluster) error {
		return errors.New("it has none")
	}})
	for _, do := range []func(context.Context, cluster.Cluster) (proof.Evidence, error){f.Inject, f.Heal} {
		e, err := do(t.Context(), nil)
		require.NoError(t, err)
		assert.Equal(t, proof.Skipped, e.Outcome)
		assert.Contains(t, e.Detail, "wings: it has none")
	}
}
