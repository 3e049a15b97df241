package suite

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"raftkv/client"
	"raftkv/harness/cluster"
	"raftkv/harness/fault"
	"raftkv/harness/proof"
)

// within is how long a healed cluster may take to find a leader and to write.
const within = time.Minute

// bite says how a kind is tried and how its effect is seen by other means than
// the fault's own proof.
type bite struct {
	kind       string
	parameters map[string]string
	// targets is how many of the nodes, leader first, are targets; with follower
	// the leader is the last.
	targets  int
	follower bool
	// seen looks at the effect while the fault holds; trace takes what must be
	// known from before.
	trace func(t *testing.T, w *world)
	seen  func(t *testing.T, w *world)
	// after looks once it is healed.
	after func(t *testing.T, w *world)
}

// world is the cluster and the fault that is being tried on it.
type world struct {
	cluster.Cluster
	spec   fault.Spec
	before map[int]cluster.Status
	conns  []conn
	starts map[int]int
	lead   time.Duration
}

// Bites applies every kind of fault that can be built from data, in turn, to a
// running cluster of five nodes of the store, and looks whether it bites, whether
// it heals, and whether the cluster writes again. A kind that is missing from the
// table fails it.
func Bites(t *testing.T, c cluster.Cluster) {
	table := slices.Concat(nodeBites(), linkBites(), diskBites(), testingBites())
	for _, k := range fault.Kinds() {
		assert.True(t, slices.ContainsFunc(table, func(b bite) bool { return b.kind == k.Name }), "no test tries %s", k.Name)
	}
	for _, b := range table {
		name := b.kind
		for _, p := range []string{"mode", "direction", "leader", "where"} {
			if v := b.parameters[p]; v != "" {
				name += "/" + v
			}
		}
		t.Run(name, func(t *testing.T) { b.try(t, c) })
	}
}

// try injects the fault, looks, heals it, and looks again.
func (b bite) try(t *testing.T, c cluster.Cluster) {
	w := b.aim(t, c)
	f, err := fault.Build(w.spec)
	require.NoError(t, err)
	if k, _ := fault.KindNamed(b.kind); k.Available(t.Context(), c) != nil {
		skipped(t, w, f, k.Available(t.Context(), c))
	}
	if b.trace != nil {
		b.trace(t, w)
	}
	proved(t)(f.Inject(t.Context(), c))
	if b.seen != nil {
		b.seen(t, w)
	}
	proved(t)(f.Heal(t.Context(), c))
	whole(t, w)
	if b.after != nil {
		b.after(t, w)
	}
}

// aim resolves the targets.
func (b bite) aim(t *testing.T, c cluster.Cluster) *world {
	ready, err := cluster.WaitReady(t.Context(), c, within)
	require.NoError(t, err)
	nodes := append([]int{ready.Leader}, cluster.Others(c, ready.Leader)...)
	if b.follower {
		nodes = append(nodes[1:], nodes[0])
	}
	return &world{Cluster: c, before: cluster.Statuses(t.Context(), c), spec: fault.Spec{
		Kind: b.kind, Targets: nodes[:b.targets], Others: nodes[b.targets:], Leader: ready.Leader, Parameters: b.parameters,
	}}
}

// Unwrap gives the driver's cluster.
func (w *world) Unwrap() cluster.Cluster { return w.Cluster }

// at gives the nodes at positions in the spec's order, targets first.
func (w *world) at(positions ...int) []int {
	nodes := slices.Concat(w.spec.Targets, w.spec.Others)
	out := make([]int, len(positions))
	for i, p := range positions {
		out[i] = nodes[p]
	}
	return out
}

// skipped checks that a fault that cannot be had here says so, and skips.
func skipped(t *testing.T, w *world, f fault.Fault, why error) {
	for _, do := range []func(context.Context, cluster.Cluster) (proof.Evidence, error){f.Inject, f.Heal} {
		e, err := do(t.Context(), w)
		require.NoError(t, err)
		require.Equal(t, proof.Skipped, e.Outcome)
		require.Contains(t, e.Detail, why.Error())
	}
	t.Skip(why)
}

// proved fails the test unless an operation was done and proved.
func proved(t *testing.T) func(proof.Evidence, error) {
	return func(e proof.Evidence, err error) {
		t.Helper()
		require.NoError(t, err)
		require.Equal(t, proof.Installed, e.Outcome, e.String())
		t.Log(e)
	}
}

// whole checks that nothing of the fault is left: every link and node answers,
// there is a leader, and a write commits.
func whole(t *testing.T, w *world) {
	t.Helper()
	assert.Empty(t, silent(t, w), "links that do not answer")
	for _, id := range w.Nodes() {
		assert.Equal(t, cluster.Running, phase(t, w, id).Phase)
	}
	_, err := cluster.WaitReady(t.Context(), w, within)
	require.NoError(t, err)
	require.NoError(t, put(t, w, within, w.Nodes()...))
}

// put writes through the nodes named, within a time.
func put(t *testing.T, c cluster.Cluster, within time.Duration, ids ...int) error {
	var nodes []string
	for _, id := range ids {
		nodes = append(nodes, c.ClientAddr(id))
	}
	cl, err := client.New(client.Config{Nodes: nodes, OnlyNodes: true})
	require.NoError(t, err)
	defer func() { _ = cl.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	return cl.Put(ctx, "bites", []byte("v"))
}
