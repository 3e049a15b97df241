package client

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/metadata"

	"raftkv/client/api"
	apiv1 "raftkv/client/api/v1"
	"raftkv/client/clienttest"
)

const told = "a value that the node tells"

// bentLink connects over a link that changes the value.
func bentLink(t *testing.T, f ...func(*Config)) (*Client, *clienttest.Bender) {
	c := clienttest.Start(t, 1)
	mustPut(t, connect(t, c), "key", told)
	link := clienttest.Bend(t, c.Addresses()[0], told)
	return connect(t, c, append(f, func(cfg *Config) { cfg.Nodes = []string{link.Address} })...), link
}

func TestAnswerThatIsBentIsAskedForAgainOverAnotherConnection(t *testing.T) {
	cl, link := bentLink(t)
	for range 5 {
		link.Arm(1)
		v, found, err := cl.Get(within(t, patience), "key")
		require.NoError(t, err)
		require.True(t, found)
		require.Equal(t, told, string(v))
	}
	require.Equal(t, 5, link.Bent())
}

func TestWriteWhoseAnswerIsBentIsMadeOnceInASession(t *testing.T) {
	cl, link := bentLink(t)
	mustPut(t, cl, "other", "x")
	link.Arm(1)
	r, err := cl.CompareAndSwap(within(t, patience), "key", Expect{Value: []byte("x")}, []byte("y"))
	require.NoError(t, err)
	require.Equal(t, CASResult{Found: true, Actual: []byte(told)}, r)
	require.Equal(t, 1, link.Bent())
}

func TestWriteWhoseAnswerIsBentIsUnknownWithoutASession(t *testing.T) {
	cl, link := bentLink(t, func(cfg *Config) { cfg.NoSession = true })
	link.Arm(1)
	_, err := cl.CompareAndSwap(within(t, patience), "key", Expect{Value: []byte("x")}, []byte("y"))
	requireUnknown(t, err)
	require.ErrorContains(t, err, "changed on its way")
}

func TestAnswerWithoutAChecksumIsNotTaken(t *testing.T) {
	require.Error(t, intact(&apiv1.StreamResponse{Responses: []*apiv1.Response{{Id: 1}}}))
	p := &apiv1.Response{Id: 1}
	api.SealResponses([]*apiv1.Response{p})
	require.NoError(t, intact(&apiv1.StreamResponse{Responses: []*apiv1.Response{p}}))
}

func TestEveryRequestHasItsChecksumAndTheStreamSaysSo(t *testing.T) {
	c := clienttest.Start(t, 1)
	cl := connect(t, c)
	mustPut(t, cl, "key", "value")
	_, _, err := cl.Get(context.Background(), "key")
	require.NoError(t, err)
	for _, q := range c.Node(1).Seen() {
		require.True(t, api.RequestIntact(q), "%v", q)
	}
	require.Equal(t, []string{api.ChecksumsOn}, metadata.ValueFromIncomingContext(c.Node(1).Greeted(), api.ChecksumsKey))
}
