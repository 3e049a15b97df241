package fault_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"raftkv/client"
	"raftkv/client/clienttest"
	"raftkv/harness/cluster"
	"raftkv/harness/fault"
	"raftkv/harness/proof"
)

// pretended is a cluster of nodes that answer by script. What a test has no script
// for is not there to be called.
type pretended struct {
	cluster.Cluster
	nodes *clienttest.Cluster
	cl    *client.Client
	// snapshot is the index that a node's newest snapshot has, by how often it was
	// asked for its status.
	snapshot func(asked int64) uint64
	asked    atomic.Int64
}

func pretend(t *testing.T) *pretended {
	t.Helper()
	nodes := clienttest.Start(t, 3)
	cl, err := client.New(client.Config{Nodes: nodes.Addresses(), OnlyNodes: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, cl.Close()) })
	return &pretended{nodes: nodes, cl: cl, snapshot: func(int64) uint64 { return 0 }}
}

func (p *pretended) Nodes() []int             { return []int{1, 2, 3} }
func (p *pretended) ClientAddr(id int) string { return p.nodes.Addresses()[id-1] }

func (p *pretended) Status(ctx context.Context, id int) (cluster.Status, error) {
	st, err := p.cl.Status(ctx, p.ClientAddr(id))
	return cluster.Status{
		ID: id, Role: st.Role, Term: st.Term, Leader: int(st.Leader), SnapshotIndex: p.snapshot(p.asked.Add(1)),
	}, err
}

// Brutal, seed 1002.
func TestATransferIsAskedForAgainWhenAnotherNodeWins(t *testing.T) {
	p := pretend(t)
	asked := 0
	p.nodes.SetWinner(func(to uint64) uint64 {
		if asked++; asked == 1 {
			return 2
		}
		return to
	})
	e, err := fault.Transfer(3).Inject(t.Context(), p)
	require.NoError(t, err)
	require.Equal(t, proof.Installed, e.Outcome, e.Detail)
	require.Contains(t, e.Detail, "n3 leads term 3, asked 2 times")
}

// Brutal, seed 236527.
func TestASnapshotWaitsForSomethingToSnapshot(t *testing.T) {
	p := pretend(t)
	p.snapshot = func(asked int64) uint64 { // twice for each try; the second try's after differs
		if asked < 4 {
			return 7
		}
		return 9
	}
	e, err := fault.Snapshot(1).Inject(t.Context(), p)
	require.NoError(t, err)
	require.Equal(t, proof.Installed, e.Outcome, e.Detail)
	require.EqualValues(t, 4, p.asked.Load(), "asked for a second one, and looked before and after both")
}

// A change that changes nothing proves nothing.
func TestMembersWhoVoteAlreadyAreNoFault(t *testing.T) {
	p := pretend(t) // names its leader as the only member
	e, err := fault.Members(1).Inject(t.Context(), p)
	require.NoError(t, err)
	require.Equal(t, proof.Skipped, e.Outcome, e.Detail)
	require.Contains(t, e.Detail, "they are the voters already")
}
