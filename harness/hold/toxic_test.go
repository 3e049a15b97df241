package hold_test

import (
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2/stream"
	"github.com/Shopify/toxiproxy/v2/toxics"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"raftkv/harness/hold"
)

// held is a toxic at work, which was sent the pieces and then nil if its sender has
// closed, and is interrupted as Toxiproxy does to take it off.
func held(t *testing.T, closes bool, pieces ...string) (*toxics.ToxicStub, <-chan *stream.StreamChunk) {
	in, out := make(chan *stream.StreamChunk, 9), make(chan *stream.StreamChunk)
	stub := toxics.NewToxicStub(in, out)
	go stub.Run(&toxics.ToxicWrapper{Toxic: new(hold.Toxic), Toxicity: 1})
	for _, p := range pieces {
		in <- &stream.StreamChunk{Data: []byte(p)}
	}
	if closes {
		close(in)
	}
	select {
	case <-out:
		require.Fail(t, "a piece went through")
	case <-time.After(50 * time.Millisecond):
	}
	require.True(t, stub.InterruptToxic())
	return stub, out
}

// taken is what a receiver gets, until the connection ends or nothing more comes.
func taken(out <-chan *stream.StreamChunk) (got string) {
	for {
		select {
		case c := <-out:
			if c == nil {
				return got + "."
			}
			got += string(c.Data)
		case <-time.After(200 * time.Millisecond):
			return got
		}
	}
}

func TestWhatWasHeldGoesOnInOrder(t *testing.T) {
	for _, c := range []struct {
		pieces []string
		closes bool
		want   string
	}{
		{[]string{"a", "b", "c"}, false, "abc"},
		{[]string{"a", "b", "c"}, true, "abc."}, // and so does the end
		{nil, false, ""},
		{nil, true, "."},
	} {
		stub, out := held(t, c.closes, c.pieces...)
		got := make(chan string)
		go func() { got <- taken(out) }()
		new(hold.Toxic).Cleanup(stub)
		assert.Equal(t, c.want, <-got)
		assert.Equal(t, c.closes, stub.Closed())
	}
}

func TestAConnectionWhoseReceiverIsGoneIsClosed(t *testing.T) {
	stub, _ := held(t, false, "a", "b", "c")
	begun := time.Now()
	new(hold.Toxic).Cleanup(stub)
	assert.True(t, stub.Closed())
	assert.Less(t, time.Since(begun), 4*time.Second, "one piece's patience, not three")
	// Its sender is not held up for ever.
	require.Eventually(t, func() bool { return len(stub.Input) == 0 }, 10*time.Second, time.Millisecond)
}
