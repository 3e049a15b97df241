package peer

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	"raftkv/node/peer/peerpb"
	"raftkv/raft/membership"
)

// Greeter asks nodes who they are, by address. Safe for concurrent use.
type Greeter struct {
	cluster    string
	backoffMax time.Duration

	mu    sync.Mutex
	conns map[string]*grpc.ClientConn
}

// NewGreeter greets in the name of a cluster; backoffMax is as in Config.
func NewGreeter(cluster string, backoffMax time.Duration) *Greeter {
	return &Greeter{cluster: cluster, backoffMax: backoffMax, conns: map[string]*grpc.ClientConn{}}
}

// Greet tells the node at address who this one is, and returns what that says of
// itself. It does not wait for a node that cannot be reached.
func (g *Greeter) Greet(ctx context.Context, address string, h membership.Hello) (membership.Hello, error) {
	conn, err := g.connection(address)
	if err != nil {
		return membership.Hello{}, err
	}
	p, err := peerpb.NewPeerClient(conn).Greet(ctx, encodeHello(g.cluster, h))
	if err != nil {
		return membership.Hello{}, errors.New(short(err))
	}
	return decodeHello(p)
}

// short leaves out what gRPC says of its own layers.
func short(err error) string {
	text := status.Convert(err).Message()
	if _, cause, ok := strings.Cut(text, "dial tcp "); ok {
		return strings.TrimSuffix(cause, `"`)
	}
	return text
}

func (g *Greeter) connection(address string) (*grpc.ClientConn, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if c := g.conns[address]; c != nil {
		return c, nil
	}
	c, err := grpc.NewClient("passthrough:///"+address, dialOptions(g.backoffMax)...)
	if err == nil {
		g.conns[address] = c
	}
	return c, err
}

// Close ends the connections; greetings under way fail.
func (g *Greeter) Close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, c := range g.conns {
		_ = c.Close() // it only says whether it was closed before
	}
	clear(g.conns)
}

// Greet answers who this node is.
func (s *Server) Greet(_ context.Context, p *peerpb.Hello) (*peerpb.Hello, error) {
	h, err := decodeHello(p)
	if err != nil {
		return nil, s.refuse(p.Node, err)
	}
	if p.Cluster != s.cluster {
		return nil, refused("this is cluster %q, not %q", s.cluster, p.Cluster)
	}
	return encodeHello(s.cluster, s.h.Greeted(h)), nil
}

func encodeHello(cluster string, h membership.Hello) *peerpb.Hello {
	p := &peerpb.Hello{
		Cluster: cluster, Node: h.Node, Incarnation: h.Incarnation, Phase: uint32(h.Phase),
		Identity: h.Cluster, Origin: h.Origin, Founders: h.Founders,
	}
	p.Sum = helloSum(cluster, h)
	return p
}

func decodeHello(p *peerpb.Hello) (membership.Hello, error) {
	h := membership.Hello{Node: p.Node, Record: membership.Record{
		Incarnation: p.Incarnation, Phase: membership.Phase(p.Phase), Cluster: p.Identity, Origin: p.Origin, Founders: p.Founders,
	}}
	switch {
	case p.Sum != helloSum(p.Cluster, h):
		return membership.Hello{}, fmt.Errorf("%w: a greeting", ErrCorrupt)
	case p.Phase > uint32(membership.Member) || p.Node == 0 || p.Node > membership.MaxNode || p.Incarnation > membership.MaxIncarnation:
		return membership.Hello{}, fmt.Errorf("%w: node %d, phase %d", ErrMalformed, p.Node, p.Phase)
	}
	return h, nil
}

func helloSum(cluster string, h membership.Hello) uint32 {
	return sumOf(func(b []byte) []byte { return append(append(numbers(b, h.Node), h.Encode()...), cluster...) })
}
