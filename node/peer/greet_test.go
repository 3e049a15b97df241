package peer

import (
	"math/bits"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"raftkv/node/peer/peerpb"
	"raftkv/raft/membership"
)

func hello() membership.Hello {
	return membership.Hello{Node: 3, Record: membership.Record{Incarnation: 9, Phase: membership.Accepted, Cluster: 77, Origin: 5, Founders: []uint64{membership.ID(3, 9), 4}}}
}

func TestNodesTellWhoTheyAre(t *testing.T) {
	address, r := serve(t, "c", 2)
	g := NewGreeter("c", 50*time.Millisecond)
	defer g.Close()
	got, err := g.Greet(t.Context(), address, hello())
	require.NoError(t, err)
	require.Equal(t, membership.Hello{Node: 2, Record: membership.Record{Incarnation: 5}}, got)
	require.Equal(t, []membership.Hello{hello()}, r.greeted)

	other := NewGreeter("d", 50*time.Millisecond)
	defer other.Close()
	_, err = other.Greet(t.Context(), address, hello())
	require.EqualError(t, err, `this is cluster "c", not "d"`)
	_, err = g.Greet(t.Context(), "127.0.0.1:1", hello())
	require.Error(t, err)
}

func TestAGreetingWithAFlippedBitIsNotBelieved(t *testing.T) {
	frame, err := proto.Marshal(encodeHello("c", hello()))
	require.NoError(t, err)
	for i := range 8 * len(frame) {
		bent := append([]byte(nil), frame...)
		bent[i/8] ^= bits.RotateLeft8(1, i%8)
		p := &peerpb.Hello{}
		if proto.Unmarshal(bent, p) != nil {
			continue
		}
		got, err := decodeHello(p)
		require.True(t, err != nil || p.Cluster == "c" && got.Equal(hello().Record) && got.Node == 3, "bit %d", i)
	}
}
