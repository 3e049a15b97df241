package link_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"raftkv/harness/link"
	"raftkv/harness/proof"
)

var bent = link.Shape{CorruptKB: 64, Seed: 3}

// carry sends bytes through the link, in connections that may not survive it.
func carry(t *testing.T, l *link.Link, kilobytes int) (answered int) {
	for ; kilobytes > 0; kilobytes -= 256 {
		if link.Ping(t.Context(), l.Addr(), 300*time.Millisecond, 256<<10).Kind == link.Answered {
			answered++
		}
	}
	return answered
}

// A flip is proved by the toxic's own count, also where nothing but probes passes;
// those that may have met a probe are not counted as the fault's.
func TestALinkFlipsBitsUntilItIsHealed(t *testing.T) {
	l := newRig(t, false).set.Client(1)
	e := done(t)(l.ShapeAs(t.Context(), "bent", bent))
	assert.Regexp(t, `a bit in 64 KB flipped; [1-9]\d* bits flipped so far, in \d+ bytes`, e.Detail)
	assert.Equal(t, "a bit in 64 KB flipped", l.Now())
	assert.Less(t, carry(t, l, 4096), 16, "not every connection survives")

	e = done(t)(l.HealAs(t.Context(), "bent"))
	assert.Positive(t, e.Counted)
	assert.Contains(t, e.Detail, "of what passed were flipped")
	assert.Equal(t, 8, carry(t, l, 2048), "whole again")
	e = done(t)(l.Heal(t.Context()))
	assert.Zero(t, e.Counted)
}

func TestOnlyWhatPassedAfterTheProofIsCounted(t *testing.T) {
	l := newRig(t, false).set.Client(1)
	done(t)(l.ShapeAs(t.Context(), "bent", bent))
	e := done(t)(l.HealAs(t.Context(), "bent"))
	assert.Zero(t, e.Counted, e.Detail)
}

func TestALinkMayBeSlowAndFlipBits(t *testing.T) {
	l := newRig(t, false).set.Client(1)
	done(t)(l.ShapeAs(t.Context(), "slow", link.Shape{Latency: 60 * time.Millisecond}))
	e := done(t)(l.ShapeAs(t.Context(), "bent", bent))
	assert.Contains(t, e.Detail, "bits flipped so far")
	assert.Contains(t, e.Detail, "a round trip took")
	done(t)(l.HealAs(t.Context(), "slow"))
	assert.Equal(t, "a bit in 64 KB flipped", l.Now())
	done(t)(l.ShapeAs(t.Context(), "other", link.Shape{CorruptKB: 16}))
	assert.Equal(t, "a bit in 16 KB flipped", l.Now(), "the worst of two holds")
	done(t)(l.HealAs(t.Context(), "other"))
	assert.Equal(t, "a bit in 64 KB flipped", l.Now())
	done(t)(l.Heal(t.Context()))
	meets(t, l, link.Answered)
}

func TestFlipsThatAreNotSeenAreAnErrorOrUnknown(t *testing.T) {
	_, err := newRig(t, true).set.Client(1).Shape(t.Context(), bent)
	require.ErrorContains(t, err, "in 0 bytes no bit was flipped", "what is dialled leads around the proxy")

	r := newRig(t, false)
	r.alive = false
	require.NoError(t, r.door.Close())
	e, err := r.set.Client(1).Shape(t.Context(), bent)
	require.NoError(t, err)
	require.Equal(t, proof.Indeterminate, e.Outcome, e.Detail)
}
