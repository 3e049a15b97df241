package clienttest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"

	"google.golang.org/grpc/test/bufconn"
)

// bindPatience is how long a node that starts again waits for its port: while
// nobody listened there, an outgoing connection may have been given it.
const bindPatience = time.Minute

// listen opens the node's address, a new one at the first start.
func (n *Node) listen() (net.Listener, error) {
	if n.cluster.memory {
		lis := bufconn.Listen(1 << 20)
		n.settle(fmt.Sprintf("node-%d:7000", n.id), lis)
		return lis, nil
	}
	for begun := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		lis, err := net.Listen("tcp", n.Address())
		if err == nil {
			n.settle(lis.Addr().String(), nil)
		}
		if !errors.Is(err, syscall.EADDRINUSE) || time.Since(begun) > bindPatience {
			return lis, err
		}
	}
}

// settle notes where the node listens now.
func (n *Node) settle(address string, memory *bufconn.Listener) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.address, n.memory = address, memory
}

// Dial connects to a node of a cluster in memory; one that was stopped refuses.
func (c *Cluster) Dial(ctx context.Context, address string) (net.Conn, error) {
	for _, n := range c.nodes {
		n.mu.Lock()
		lis := n.memory
		n.mu.Unlock()
		if lis != nil && n.Address() == address {
			return lis.DialContext(ctx)
		}
	}
	return nil, &net.OpError{Op: "dial", Net: "memory", Err: syscall.ECONNREFUSED}
}
