package suite

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"raftkv/harness/cluster"
	"raftkv/harness/link"
	"raftkv/harness/proof"
)

func cuts(t *testing.T, c cluster.Cluster) {
	want := map[link.Mode][]link.Kind{
		link.ModeDrop:   {link.Silent},
		link.ModeHold:   {link.Silent},
		link.ModeReject: {link.Refused, link.Closed},
	}
	wait := map[link.Mode]time.Duration{link.ModeDrop: 300 * time.Millisecond, link.ModeHold: 300 * time.Millisecond, link.ModeReject: patience}
	for _, l := range []*link.Link{c.Links().Peer(1, 2), c.Links().Client(3)} {
		for _, m := range link.Modes() {
			installed(t)(l.Cut(t.Context(), m))
			assert.Contains(t, want[m], link.Ping(t.Context(), l.Addr(), wait[m], 0).Kind, "%s %s", m, l.Name())
			answers(t, c.Links().Peer(2, 1)) // the way back is not touched
			installed(t)(l.Heal(t.Context()))
			answers(t, l)
		}
	}
	_, err := c.Links().Peer(1, 2).Cut(t.Context(), "saw")
	assert.ErrorContains(t, err, `"saw"`)
	assert.Nil(t, c.Links().Peer(1, 1))
	assert.Nil(t, c.Links().Peer(0, 1))
}

func replaceCuts(t *testing.T, c cluster.Cluster) {
	l := c.Links().Peer(3, 1)
	installed(t)(l.Hold(t.Context()))
	installed(t)(l.Drop(t.Context()))
	installed(t)(l.Reject(t.Context()))
	installed(t)(l.Hold(t.Context()))
	installed(t)(l.Hold(t.Context()))
	installed(t)(l.Shape(t.Context(), link.Shape{Latency: 20 * time.Millisecond}))
	installed(t)(l.Shape(t.Context(), link.Shape{Latency: 200 * time.Millisecond}))
	assert.GreaterOrEqual(t, l.Probe(t.Context()).RTT, 400*time.Millisecond)
	installed(t)(c.Links().HealAll(t.Context()))
	quick(t, l, 400*time.Millisecond)
}

// answers fails the test unless the link does, however late.
func answers(t *testing.T, l *link.Link) {
	t.Helper()
	assert.Equal(t, link.Answered, link.Ping(t.Context(), l.Addr(), patience, 0).Kind, l.Name())
}

// quick fails the test unless a round trip can be quicker than that: on a busy
// machine not each of them is.
func quick(t *testing.T, l *link.Link, than time.Duration) {
	t.Helper()
	assert.Eventually(t, func() bool {
		p := l.Probe(t.Context())
		return p.Kind == link.Answered && p.RTT < than
	}, patience, 10*time.Millisecond, l.Name())
}

func shapes(t *testing.T, c cluster.Cluster) {
	l := c.Links().Peer(2, 3)
	for _, s := range []link.Shape{
		{Latency: 30 * time.Millisecond},
		{Latency: 20 * time.Millisecond, Jitter: 20 * time.Millisecond},
		{BandwidthKBps: 200},
		{Latency: 10 * time.Millisecond, BandwidthKBps: 1000},
	} {
		installed(t)(l.Shape(t.Context(), s))
	}
	e, err := l.Shape(t.Context(), link.Shape{})
	require.NoError(t, err)
	assert.Equal(t, proof.Indeterminate, e.Outcome, "a shape too weak to measure is not claimed")
	installed(t)(l.Heal(t.Context()))
}

func deadReceiver(t *testing.T, c cluster.Cluster) {
	l := c.Links().Peer(1, 2)
	installed(t)(c.Kill(t.Context(), 2))
	for _, op := range []func() (proof.Evidence, error){
		func() (proof.Evidence, error) { return l.Drop(t.Context()) },
		func() (proof.Evidence, error) { return l.Hold(t.Context()) },
		func() (proof.Evidence, error) { return l.Heal(t.Context()) },
	} {
		e, err := op()
		require.NoError(t, err)
		assert.Equal(t, proof.Indeterminate, e.Outcome, e.String())
	}
	e, err := l.Reject(t.Context())
	require.NoError(t, err)
	t.Log(e) // a refused dial proves it, a port that Docker publishes only closes
	begun := time.Now()
	installed(t)(c.Start(t.Context(), 2))
	installed(t)(l.Heal(t.Context()))
	t.Logf("a restarted node was reached through its link after %s", time.Since(begun))
}

func recoverLinks(t *testing.T, c cluster.Cluster) {
	require.NoError(t, c.Links().Check(t.Context()))
	installed(t)(c.Links().Peer(1, 2).Reject(t.Context()))
	require.NoError(t, c.Links().Recover(t.Context()))
	require.NoError(t, c.Links().Check(t.Context()))
	for _, l := range c.Links().All() {
		answers(t, l)
	}
}
