package suite

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"raftkv/harness/cluster"
	"raftkv/harness/link"
	"raftkv/harness/packets"
)

const (
	// resentRTT is less than the least time, 200 ms, after which TCP sends again
	// what was not acknowledged and nothing follows.
	resentRTT = 150 * time.Millisecond
	// pings are how many are sent to see how many packets are lost.
	pings = 20
)

// late pings the link some times at once and says how many answers did not come, or
// as late as if a packet had been lost and sent again.
func late(t *testing.T, l *link.Link) int {
	var (
		n  atomic.Int32
		wg sync.WaitGroup
	)
	for range pings {
		wg.Go(func() {
			if p := l.Probe(t.Context()); p.Kind != link.Answered || p.RTT >= resentRTT {
				n.Add(1)
			}
		})
	}
	wg.Wait()
	return int(n.Load())
}

// losesMany fails the test unless many pings have to be sent again: of half of the
// packets, each way, they are three quarters.
func losesMany(t *testing.T, l *link.Link) {
	t.Helper()
	n := late(t, l)
	t.Logf("%d of %d pings through %s were late", n, pings, l.Name())
	assert.Greater(t, n, pings/4, l.Name())
}

// losesNone fails the test unless none of that many pings is late, once the machine
// is not too busy. With half of the packets lost that never happens.
func losesNone(t *testing.T, l *link.Link) {
	t.Helper()
	assert.Eventually(t, func() bool { return late(t, l) == 0 }, patience, 10*time.Millisecond, l.Name())
}

// losesPackets looks at the links from outside, where the rules are not seen: at
// those into the target, and at some that its peers' packets do not come through.
func losesPackets(t *testing.T, w *world) {
	target, next, third := w.at(0)[0], w.at(1)[0], w.at(2)[0]
	losesMany(t, w.Links().Peer(next, target))
	losesNone(t, w.Links().Client(target))
	losesNone(t, w.Links().Peer(target, next))
	losesNone(t, w.Links().Peer(next, third))
}

// losesNoPackets looks at the same link once it is healed.
func losesNoPackets(t *testing.T, w *world) { losesNone(t, w.Links().Peer(w.at(1)[0], w.at(0)[0])) }

// lossy makes a node lose packets and does to it what may happen meanwhile.
func lossy(t *testing.T, c cluster.Cluster) {
	d, ok := cluster.As[cluster.PacketDropper](c)
	if !ok {
		t.Skipf("the %s driver cannot", c.Name())
	}
	err := d.CanDropPackets(t.Context())
	if errors.Is(err, packets.ErrUnavailable) {
		t.Skip(err)
	}
	require.NoError(t, err)
	l := c.Links().Peer(1, 2)
	installed(t)(d.PassPackets(t.Context(), 2)) // nothing is lost yet
	installed(t)(d.DropPackets(t.Context(), 2, 1))
	installed(t)(d.DropPackets(t.Context(), 2, 50))

	installed(t)(c.Kill(t.Context(), 2))
	installed(t)(c.Start(t.Context(), 2))
	losesMany(t, l) // the machine outlives the node, and so does what befalls its network
	losesNone(t, c.Links().Peer(2, 1))

	installed(t)(c.Kill(t.Context(), 2))
	installed(t)(d.PassPackets(t.Context(), 2))
	installed(t)(d.PassPackets(t.Context(), 2))
	installed(t)(c.Start(t.Context(), 2))
	losesNone(t, l)

	_, err = d.DropPackets(t.Context(), 99, 30)
	require.ErrorIs(t, err, cluster.ErrNoNode)
	_, err = d.DropPackets(t.Context(), 2, 100)
	require.Error(t, err)
}
