package link_test

import (
	"net"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"raftkv/harness/link"
	"raftkv/harness/proof"
)

// done fails the test unless an operation was proved.
func done(t *testing.T) func(proof.Evidence, error) proof.Evidence {
	return func(e proof.Evidence, err error) proof.Evidence {
		t.Helper()
		require.NoError(t, err)
		require.Equal(t, proof.Installed, e.Outcome, e.String())
		return e
	}
}

// meets fails the test unless a probe of the link meets one of the kinds, the
// first or a more patient one: on a busy machine what is slow looks silent.
func meets(t *testing.T, l *link.Link, want ...link.Kind) {
	t.Helper()
	var p link.Probe
	for wait := 300 * time.Millisecond; wait < patience; wait *= 2 {
		if p = link.Ping(t.Context(), l.Addr(), wait, 0); slices.Contains(want, p.Kind) {
			return
		}
	}
	assert.Fail(t, "met something else", "%s instead of %v", p, want)
}

func TestAHealTakesOffItsOwnFaultOnly(t *testing.T) {
	l := newRig(t, false).set.Client(1)
	slow := link.Shape{Latency: 60 * time.Millisecond}
	done(t)(l.ShapeAs(t.Context(), "slow", slow))
	done(t)(l.CutAs(t.Context(), "cut", link.ModeReject))
	done(t)(l.CutAs(t.Context(), "other", link.ModeHold))
	meets(t, l, link.Refused, link.Closed) // the severest holds

	e := done(t)(l.HealAs(t.Context(), "cut"))
	assert.Contains(t, e.Detail, "hold of another fault holds")
	meets(t, l, link.Silent)
	done(t)(l.HealAs(t.Context(), "other"))
	assert.GreaterOrEqual(t, l.Probe(t.Context()).RTT, 120*time.Millisecond)
	done(t)(l.HealAs(t.Context(), "slow"))
	meets(t, l, link.Answered)
}

func TestThePlainHealTakesOffEverything(t *testing.T) {
	l := newRig(t, false).set.Client(1)
	done(t)(l.CutAs(t.Context(), "one", link.ModeDrop))
	done(t)(l.CutAs(t.Context(), "two", link.ModeReject))
	done(t)(l.Heal(t.Context()))
	done(t)(l.HealAs(t.Context(), "one"))
	meets(t, l, link.Answered)
}

func TestTheWorstOfTwoShapesHolds(t *testing.T) {
	l := newRig(t, false).set.Client(1)
	done(t)(l.ShapeAs(t.Context(), 1, link.Shape{Latency: 40 * time.Millisecond, BandwidthKBps: 100}))
	done(t)(l.ShapeAs(t.Context(), 2, link.Shape{Latency: 80 * time.Millisecond}))
	assert.GreaterOrEqual(t, l.Probe(t.Context()).RTT, 160*time.Millisecond)
	e := done(t)(l.HealAs(t.Context(), 2))
	assert.Contains(t, e.Detail, "latency 40ms, 100 KB/s")
}

func TestAResetClosesWhatIsOpenAndNothingAfter(t *testing.T) {
	l := newRig(t, false).set.Client(1)
	e := done(t)(l.Reset(t.Context()))
	assert.Contains(t, e.Detail, "a live connection was closed")
	meets(t, l, link.Answered)

	done(t)(l.Reject(t.Context()))
	e, err := l.Reset(t.Context())
	require.NoError(t, err)
	assert.Equal(t, proof.Indeterminate, e.Outcome, "nothing was open")
	meets(t, l, link.Refused, link.Closed) // a reset heals nothing
}

func TestAResetThatClosesNothingIsAnError(t *testing.T) {
	l := newRig(t, true).set.Client(1)
	_, err := l.Reset(t.Context())
	assert.ErrorContains(t, err, "outlived the reset")
}

// Toxiproxy takes five seconds for each piece of data when a toxic is taken off
// a connection that is closed, and a link that begins to refuse closes all of
// them. Eight would take longer than an operation may.
func TestALinkThatHeldCanRefuseWhileConnectionsAreFull(t *testing.T) {
	l := newRig(t, false).set.Client(1)
	for range 3 {
		done(t)(l.CutAs(t.Context(), "held", link.ModeHold))
		for range 8 {
			conn, err := net.Dial("tcp", l.Addr())
			require.NoError(t, err)
			defer conn.Close()
			_, err = conn.Write(make([]byte, 256<<10))
			require.NoError(t, err)
		}
		done(t)(l.CutAs(t.Context(), "refused", link.ModeReject))
		done(t)(l.HealAs(t.Context(), "held"))
		done(t)(l.HealAs(t.Context(), "refused"))
	}
}
