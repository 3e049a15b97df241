package suite

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"raftkv/harness/link"
)

// linkBites try the faults of the network. What is cut is written with positions
// in the spec's order: "01" is the link from the first node to the second, "c0"
// that from the clients to the first.
func linkBites() []bite {
	bites := []bite{
		cutBite("isolate", 1, "drop", both("01", "02", "03", "04")...),
		cutBite("isolate-all", 1, "hold", append(both("01", "02", "03", "04"), "c0")...),
		cutBite("partition", 2, "reject", both("02", "03", "04", "12", "13", "14")...),
		cutBite("halves", 0, "drop", both("01", "02", "03", "04", "13", "14", "23", "24")...),
		cutBite("ring", 0, "drop", both("02", "03", "13", "14", "24")...),
		cutBite("bridge", 1, "drop", both("13", "14", "23", "24")...),
		cutBite("chain", 0, "drop", both("02", "03", "04", "13", "14", "24")...),
		cutBite("clients", 1, "reject", "c0"),
		cutBite("one-way", 1, "drop", "01", "02", "03", "04").with("direction", "outgoing"),
		cutBite("one-way", 1, "hold", "10", "20", "30", "40").with("direction", "incoming"),
		cutBite("split", 0, "drop", both("02", "03", "04", "12", "13", "14")...).with("leader", "minority"),
		cutBite("split", 0, "drop", both("10", "13", "14", "20", "23", "24")...).with("leader", "majority"),
	}
	return slices.Concat(bites, []bite{
		slowBite("latency", "peers"),
		slowBite("latency", "clients"),
		slowBite("jitter", "all"),
		{kind: "bandwidth", targets: 1, parameters: map[string]string{"rate": "100"}, seen: isNarrow},
		{kind: "reset", targets: 1, parameters: map[string]string{"where": "all"}, trace: connected, seen: disconnected},
		{kind: "corrupt", targets: 1, parameters: map[string]string{"where": "all", "bits": "16"}, seen: isBent},
		{kind: "flapping", targets: 1, follower: true, parameters: map[string]string{"period": "100ms"}, seen: flaps},
		{kind: "packet-loss", targets: 1, parameters: map[string]string{"percent": "50"}, seen: losesPackets, after: losesNoPackets},
		{kind: "packet-loss", targets: 2, follower: true, seen: writeMany, after: agree},
	})
}

// cutBite tries a kind that cuts links: those named and no others.
func cutBite(kind string, targets int, mode string, links ...string) bite {
	b := bite{kind: kind, targets: targets, parameters: map[string]string{"mode": mode}}
	b.seen = func(t *testing.T, w *world) {
		var want []string
		for _, l := range links {
			want = append(want, w.link(l))
		}
		assert.ElementsMatch(t, want, silent(t, w, want...))
	}
	return b
}

// with adds a parameter.
func (b bite) with(name, value string) bite {
	b.parameters[name] = value
	return b
}

// both adds the way back to each link.
func both(links ...string) []string {
	for _, l := range slices.Clone(links) {
		links = append(links, l[1:]+l[:1])
	}
	return links
}

// link gives a link's name by positions.
func (w *world) link(positions string) string {
	to := w.at(int(positions[1] - '0'))[0]
	if positions[0] == 'c' {
		return fmt.Sprintf("c->%d", to)
	}
	return fmt.Sprintf("%d->%d", w.at(int(positions[0] - '0'))[0], to)
}

// silent names the links that do not answer; only those that are cut, as far as
// the caller knows, are given no more than a second.
func silent(t *testing.T, w *world, cut ...string) []string {
	var (
		mu  sync.Mutex
		wg  sync.WaitGroup
		out []string
	)
	for _, l := range w.Links().All() {
		wg.Go(func() {
			wait := patience
			if slices.Contains(cut, l.Name()) {
				wait = time.Second
			}
			if link.Ping(t.Context(), l.Addr(), wait, 0).Kind != link.Answered {
				mu.Lock()
				defer mu.Unlock()
				out = append(out, l.Name())
			}
		})
	}
	wg.Wait()
	return out
}

// slowBite tries a kind that delays the links of the first node by 80 ms.
func slowBite(kind, where string) bite {
	b := bite{kind: kind, targets: 1, parameters: map[string]string{"where": where, "latency": "80ms"}}
	b.seen = func(t *testing.T, w *world) {
		for _, l := range []*link.Link{w.Links().Client(w.at(0)[0]), w.Links().Peer(w.at(0)[0], w.at(1)[0])} {
			hit := where == "all" || (l.From() == link.FromClients) == (where == "clients")
			if hit {
				assert.GreaterOrEqual(t, quickest(t, l), slowRTT, "%s of %s", l.Name(), where)
			} else {
				quick(t, l, slowRTT)
			}
		}
		quick(t, w.Links().Peer(w.at(1)[0], w.at(2)[0]), slowRTT) // no target at either end
	}
	return b
}

// slowRTT is below what two delays of 80 ms with jitter come to, and well above
// a healthy round trip.
const slowRTT = 100 * time.Millisecond

// quickest gives the best of some round trips.
func quickest(t *testing.T, l *link.Link) time.Duration {
	best := time.Hour
	for range 4 {
		best = min(best, l.Probe(t.Context()).RTT)
	}
	return best
}

// isNarrow sends half a second's worth of bytes.
func isNarrow(t *testing.T, w *world) {
	p := link.Ping(t.Context(), w.Links().Peer(w.at(0)[0], w.at(1)[0]).Addr(), 10*time.Second, 50_000)
	assert.Equal(t, link.Answered, p.Kind)
	assert.GreaterOrEqual(t, p.RTT, 300*time.Millisecond)
}

// isBent sends some megabytes to the target and to a peer: not every connection
// outlives a bit that was flipped in what it says. Other links are whole.
func isBent(t *testing.T, w *world) {
	for _, l := range []*link.Link{w.Links().Client(w.at(0)[0]), w.Links().Peer(w.at(0)[0], w.at(1)[0])} {
		require.Eventually(t, func() bool { return !carries(t, l) }, within, time.Millisecond, l.Name())
	}
	for range 8 {
		assert.True(t, carries(t, w.Links().Peer(w.at(1)[0], w.at(2)[0])), "no target at either end")
	}
}

// carries tells whether a connection through the link outlives a quarter of a megabyte.
func carries(t *testing.T, l *link.Link) bool {
	return link.Ping(t.Context(), l.Addr(), patience/10, 256<<10).Kind == link.Answered
}

// connected opens connections that the fault is to close.
func connected(t *testing.T, w *world) {
	for _, l := range []*link.Link{w.Links().Client(w.at(0)[0]), w.Links().Peer(w.at(1)[0], w.at(0)[0])} {
		c := dial(t, l.Addr())
		c.ping(t, 1)
		c.answers(t, 1)
		w.conns = append(w.conns, c)
	}
}

func disconnected(t *testing.T, w *world) {
	for _, c := range w.conns {
		_, err := c.pong(patience)
		closed(t, err)
	}
	assert.Empty(t, silent(t, w), "new connections can be made at once")
}

// flaps waits until a link of the target was seen to go and come back twice.
func flaps(t *testing.T, w *world) {
	l := w.Links().Peer(w.at(0)[0], w.at(1)[0])
	was, changes := true, 0
	require.Eventually(t, func() bool {
		is := link.Ping(t.Context(), l.Addr(), 100*time.Millisecond, 0).Kind == link.Answered
		if is != was {
			was, changes = is, changes+1
		}
		return changes >= 4
	}, within, time.Millisecond)
}
