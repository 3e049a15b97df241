package suite

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"raftkv/harness/cluster"
	"raftkv/harness/fault"
	"raftkv/harness/link"
	"raftkv/harness/proof"
)

// onlyCut fails the test unless the named links are silent or refused, and all
// others answer.
func onlyCut(t *testing.T, c cluster.Cluster, f fault.Fault, names ...string) {
	t.Helper()
	for _, l := range c.Links().All() {
		wait := patience
		if slices.Contains(names, l.Name()) {
			wait = 500 * time.Millisecond
		}
		p := link.Ping(t.Context(), l.Addr(), wait, 0)
		assert.Equal(t, slices.Contains(names, l.Name()), p.Kind != link.Answered, "%s: %s: %s", f.Name(), l.Name(), p)
	}
}

// faults injects each fault of the network on three nodes, looks at which links
// are cut, and heals it.
func faults(t *testing.T, c cluster.Cluster) {
	for _, test := range []struct {
		fault fault.Fault
		cut   []string
	}{
		{fault.Isolate(link.ModeDrop, 1), []string{"1->2", "1->3", "2->1", "3->1"}},
		{fault.IsolateFromAll(link.ModeHold, 2), []string{"c->2", "1->2", "2->1", "2->3", "3->2"}},
		{fault.OneWay(link.ModeReject, 3), []string{"3->1", "3->2"}},
		{fault.OneWay(link.ModeDrop, 3, 1), []string{"3->1"}},
		{fault.Partition(link.ModeDrop, []int{1}, []int{2, 3}), []string{"1->2", "1->3", "2->1", "3->1"}},
		{fault.Partition(link.ModeDrop, []int{1}, []int{2}), []string{"1->2", "2->1"}},
	} {
		installed(t)(test.fault.Inject(t.Context(), c))
		onlyCut(t, c, test.fault, test.cut...)
		installed(t)(test.fault.Heal(t.Context(), c))
		onlyCut(t, c, test.fault)
	}
	nodeFaults(t, c)
	slowLinks(t, c)
	overlapping(t, c)
	notRaftKV(t, c)
}

// overlapping heals one of two faults of the same links: the other holds on.
func overlapping(t *testing.T, c cluster.Cluster) {
	whole, part := fault.Isolate(link.ModeDrop, 1), fault.OneWay(link.ModeHold, 1, 2)
	installed(t)(whole.Inject(t.Context(), c))
	installed(t)(part.Inject(t.Context(), c))
	installed(t)(whole.Heal(t.Context(), c))
	onlyCut(t, c, part, "1->2")
	installed(t)(part.Heal(t.Context(), c))
	onlyCut(t, c, part)
}

// notRaftKV asks another store for what RaftKV alone can do, or RaftKV built for
// testing: it is skipped, and the reason is told.
func notRaftKV(t *testing.T, c cluster.Cluster) {
	testing, admin := "a build for testing: the node is not built for testing", "RaftKV's admin service: the nodes do not have it"
	bytes := `a store that checks its bytes: the nodes' status does not say "checks_bytes"`
	for f, why := range map[fault.Fault]string{
		fault.Transfer(2): admin, fault.Snapshot(1, 2): admin, fault.Members(1, 2): admin,
		fault.CorruptLinks(64, 1, "all links", func(*link.Link) bool { return true }): bytes,
		fault.ClockJump(time.Minute, 1):                                               testing, fault.ClockRate(200, 1): testing, fault.Messages(fault.Lost, 10, 1): testing,
	} {
		for _, do := range []func(context.Context, cluster.Cluster) (proof.Evidence, error){f.Inject, f.Heal} {
			e, err := do(t.Context(), c)
			require.NoError(t, err)
			assert.Equal(t, proof.Skipped, e.Outcome, f.Name())
			assert.Contains(t, e.Detail, why)
		}
	}
}

func nodeFaults(t *testing.T, c cluster.Cluster) {
	for want, f := range map[cluster.Phase][]fault.Fault{
		cluster.Exited: {fault.Kill(2, 3), fault.Stop(2, 3), fault.All("machine loss", fault.IsolateFromAll(link.ModeDrop, 2, 3), fault.Kill(2, 3))},
		cluster.Paused: {fault.Pause(2, 3), fault.All("paused and alone", fault.Pause(2, 3), fault.Isolate(link.ModeHold, 2))},
	} {
		for _, f := range f {
			installed(t)(f.Inject(t.Context(), c))
			assert.Equal(t, want, phase(t, c, 2).Phase, f.Name())
			assert.Equal(t, want, phase(t, c, 3).Phase, f.Name())
			installed(t)(f.Heal(t.Context(), c))
			assert.Equal(t, cluster.Running, phase(t, c, 2).Phase, f.Name())
			onlyCut(t, c, f)
		}
	}
}

func slowLinks(t *testing.T, c cluster.Cluster) {
	f := fault.Slow(link.Shape{Latency: 100 * time.Millisecond, Jitter: 5 * time.Millisecond})
	installed(t)(f.Inject(t.Context(), c))
	for _, l := range c.Links().Peers() {
		assert.GreaterOrEqual(t, l.Probe(t.Context()).RTT, 180*time.Millisecond, l.Name())
	}
	quick(t, c.Links().Client(1), 180*time.Millisecond) // the clients' links stay as they are
	installed(t)(f.Heal(t.Context(), c))
}
