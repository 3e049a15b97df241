package corrupt_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/bits"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2/stream"
	"github.com/Shopify/toxiproxy/v2/toxics"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"raftkv/harness/corrupt"
)

func toxic(t *testing.T, kilobytes, seed int) *corrupt.Toxic {
	t.Helper()
	c := new(corrupt.Toxic)
	require.NoError(t, json.Unmarshal(fmt.Appendf(nil, `{"kilobytes":%d,"seed":%d}`, kilobytes, seed), c))
	return c
}

// said is what the API shows of a toxic.
func said(t *testing.T, c *corrupt.Toxic) (a corrupt.Attributes) {
	t.Helper()
	b, err := json.Marshal(c)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, &a))
	return a
}

// connection is one that goes through the toxic.
func connection(c *corrupt.Toxic, buffer int) (stub *toxics.ToxicStub, in chan *stream.StreamChunk, out chan *stream.StreamChunk) {
	in, out = make(chan *stream.StreamChunk), make(chan *stream.StreamChunk, buffer)
	stub = toxics.NewToxicStub(in, out)
	stub.State = c.NewState()
	go stub.Run(&toxics.ToxicWrapper{Toxic: c, Toxicity: 1})
	return stub, in, out
}

// through sends pieces of zeros by several connections in turn and gives what came.
func through(c *corrupt.Toxic, pieces, size, connections int) []byte {
	var got bytes.Buffer
	ins, outs := make([]chan *stream.StreamChunk, connections), make([]chan *stream.StreamChunk, connections)
	for i := range connections {
		_, ins[i], outs[i] = connection(c, 0)
	}
	for i := range pieces {
		ins[i%connections] <- &stream.StreamChunk{Data: make([]byte, size)}
		got.Write((<-outs[i%connections]).Data)
	}
	for _, in := range ins {
		close(in)
	}
	return got.Bytes()
}

func TestBitsFlipAtTheirDistanceAndAreCounted(t *testing.T) {
	c := toxic(t, 4, 7)
	got := through(c, 4096, 1000, 3)
	flipped := 0
	places := map[int]bool{}
	for at, b := range got {
		if b != 0 {
			require.Equal(t, 1, bits.OnesCount8(b), "one bit of a byte")
			flipped++
			places[at%1000/100], places[1000+bits.TrailingZeros8(b)] = true, true
		}
	}
	require.InDelta(t, len(got)/4096, flipped, 150, "one in four kilobytes")
	require.Len(t, places, 18, "anywhere in a piece, any bit")
	require.Equal(t, corrupt.Attributes{Kilobytes: 4, Seed: 7, Flipped: int64(flipped), Carried: int64(len(got))}, said(t, c))
}

func TestTheSeedDecidesWhere(t *testing.T) {
	first := through(toxic(t, 1, 1), 64, 512, 1)
	require.Equal(t, first, through(toxic(t, 1, 1), 64, 512, 4), "over all connections")
	require.Equal(t, first, through(toxic(t, 1, 1), 8, 4096, 1), "in pieces of any size")
	require.NotEqual(t, first, through(toxic(t, 1, 2), 64, 512, 1))
}

func TestADistanceThatIsNoneIsRefused(t *testing.T) {
	for _, bad := range []string{`{"kilobytes":0}`, `{"seed":1}`, `{"kilobytes":-1}`, `[]`} {
		require.Error(t, json.Unmarshal([]byte(bad), new(corrupt.Toxic)), bad)
	}
	require.Equal(t, make([]byte, 3000), through(new(corrupt.Toxic), 3, 1000, 1), "without attributes it does nothing")
}

// An edit of the link interrupts the toxic, also while a receiver takes nothing, and
// no piece is lost by that.
func TestAPieceOutlivesAnInterrupt(t *testing.T) {
	c := toxic(t, 1<<20, 1)
	stub, in, out := connection(c, 0)
	in <- &stream.StreamChunk{Data: []byte("a")}
	require.True(t, stub.InterruptToxic(), "nobody takes it")
	go stub.Run(&toxics.ToxicWrapper{Toxic: c, Toxicity: 1})
	require.Equal(t, "a", string((<-out).Data))

	in <- &stream.StreamChunk{Data: []byte("b")}
	require.True(t, stub.InterruptToxic())
	got := make(chan string)
	go func() { got <- string((<-out).Data) }()
	c.Cleanup(stub)
	require.Equal(t, "b", <-got)
	require.False(t, stub.Closed())
}

func TestAConnectionWhoseReceiverIsGoneIsClosed(t *testing.T) {
	c := toxic(t, 1<<20, 1)
	stub, in, _ := connection(c, 0)
	in <- &stream.StreamChunk{Data: []byte("a")}
	require.True(t, stub.InterruptToxic())
	c.Cleanup(stub)
	require.True(t, stub.Closed())
	select { // its sender is not held up for ever
	case in <- &stream.StreamChunk{Data: []byte("b")}:
	case <-time.After(10 * time.Second):
		assert.Fail(t, "nobody takes what is sent")
	}
}
