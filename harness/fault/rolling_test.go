package fault_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"raftkv/harness/cluster"
	"raftkv/harness/fault"
	"raftkv/harness/proof"
)

// stopping is three nodes, led by the first and always ready, of which one may stop
// without a proof.
type stopping struct {
	cluster.Cluster
	unproved int
}

func (stopping) Nodes() []int { return []int{1, 2, 3} }

func (s stopping) Stop(_ context.Context, id int) (proof.Evidence, error) {
	if id == s.unproved {
		return proof.Evidence{Outcome: proof.Indeterminate, Detail: "nobody saw it end"}, nil
	}
	return proof.Evidence{Outcome: proof.Installed}, nil
}

func (stopping) Start(context.Context, int) (proof.Evidence, error) {
	return proof.Evidence{Outcome: proof.Installed}, nil
}

func (stopping) State(context.Context, int) (cluster.NodeState, error) {
	return cluster.NodeState{Phase: cluster.Exited}, nil
}

func (stopping) Status(_ context.Context, id int) (cluster.Status, error) {
	role := "follower"
	if id == 1 {
		role = "leader"
	}
	return cluster.Status{ID: id, Role: role, Term: 1, Leader: 1}, nil
}

// A restart that was not proved, of whichever node, leaves the whole in doubt: an
// upgrade that passed over a node has not been tried.
func TestARollingRestartIsProvedByEachNode(t *testing.T) {
	for unproved, want := range map[int][2]proof.Outcome{
		0: {proof.Installed, proof.Installed},
		1: {proof.Indeterminate, proof.Installed}, // the inject has told it
		2: {proof.Installed, proof.Indeterminate},
		3: {proof.Installed, proof.Indeterminate},
	} {
		synctest.Test(t, func(t *testing.T) {
			f, c := fault.Rolling(1, 2, 3), stopping{unproved: unproved}
			e, err := f.Inject(t.Context(), c)
			require.NoError(t, err)
			require.Equal(t, want[0], e.Outcome, "n%d: %s", unproved, e.Detail)
			e, err = f.Heal(t.Context(), c)
			require.NoError(t, err)
			require.Equal(t, want[1], e.Outcome, "n%d: %s", unproved, e.Detail)
			require.Contains(t, e.Detail, "2 more times")
		})
	}
}
