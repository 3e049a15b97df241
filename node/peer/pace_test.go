package peer

import (
	"bytes"
	"context"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPaceBoundsTheRateOfAllTransfersTogether(t *testing.T) {
	tr := &Transport{pace: newPace(1 << 20)}
	alive := 0
	start := time.Now()
	for range 3 {
		b, err := io.ReadAll(tr.paced(t.Context(), bytes.NewReader(make([]byte, 256<<10)), func() { alive++ }))
		require.NoError(t, err)
		require.Len(t, b, 256<<10)
	}
	// The first quarter of a second's worth is free; the other half takes its time.
	require.GreaterOrEqual(t, time.Since(start), 450*time.Millisecond)
	require.GreaterOrEqual(t, alive, 3, "each wait counts as a sign of life")
}

func TestPaceEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	tr := &Transport{pace: newPace(1)}
	r := tr.paced(ctx, bytes.NewReader(make([]byte, 10)), cancel)
	_, err := io.ReadAll(r)
	require.ErrorIs(t, err, context.Canceled)
}

func TestNoPaceIsNoReader(t *testing.T) {
	r := bytes.NewReader(nil)
	require.Same(t, r, (&Transport{pace: newPace(0)}).paced(t.Context(), r, nil))
}
