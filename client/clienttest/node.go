package clienttest

import (
	"context"
	"sync"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/proto"

	"raftkv/client/api"
	apiv1 "raftkv/client/api/v1"
)

// Action is what a node does with one request.
type Action int

// The actions. All but Answer leave the client without a reply.
const (
	Answer         Action = iota // do it and reply
	Ignore                       // neither do it nor reply
	DoSilently                   // do it, do not reply
	DoAndHangUp                  // do it and break the stream
	HangUp                       // break the stream
	AnswerNoMatter               // do it and reply, leader or not
)

// Script decides what a node does with a request. If it returns a response,
// that is the reply and nothing is done. It is called by one goroutine a stream.
type Script func(*apiv1.Request) (Action, *apiv1.Response)

// Node is one pretended node.
type Node struct {
	apiv1.UnimplementedKVServer
	apiv1.UnimplementedStatusServer
	apiv1.UnimplementedAdminServer
	apiv1.UnimplementedBackupServer
	cluster *Cluster
	id      uint64
	server  *grpc.Server

	mu        sync.Mutex
	address   string
	memory    *bufconn.Listener // of a node in memory that runs
	script    Script
	gate      chan struct{} // not nil while silent; closed at its end
	advertise string
	claim     *apiv1.StatusResponse
	seen      []*apiv1.Request
	greeted   context.Context
	admin     func(*apiv1.MemberChangeRequest) error
	cutBackup bool
	refusal   apiv1.Reason // of backups, if there is one
}

// Start makes the node listen, at its former address after the first time.
func (n *Node) Start() {
	lis, err := n.listen()
	require.NoError(n.cluster.tb, err)
	n.server = grpc.NewServer(grpc.MaxRecvMsgSize(api.MaxMessageBytes),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: api.KeepaliveMinTime}))
	apiv1.RegisterKVServer(n.server, n)
	apiv1.RegisterStatusServer(n.server, n)
	apiv1.RegisterAdminServer(n.server, n)
	apiv1.RegisterBackupServer(n.server, n)
	healthpb.RegisterHealthServer(n.server, health.NewServer())
	go func(s *grpc.Server) { _ = s.Serve(lis) }(n.server)
}

// Stop closes the port and every connection, as a killed process would.
func (n *Node) Stop() {
	n.settle(n.Address(), nil)
	n.Silence(false)
	n.server.Stop()
}

// Address returns where the node listens.
func (n *Node) Address() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.address
}

// Silence makes the node hold all it is asked, or answer it after all.
func (n *Node) Silence(on bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case on && n.gate == nil:
		n.gate = make(chan struct{})
	case !on && n.gate != nil:
		close(n.gate)
		n.gate = nil
	}
}

// SetScript replaces the node's script; nil answers everything.
func (n *Node) SetScript(s Script) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.script = s
}

// Advertise replaces the address by which other nodes call this one.
func (n *Node) Advertise(address string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.advertise = address
}

// Claim makes the node give this status, true or not; nil ends it.
func (n *Node) Claim(st *apiv1.StatusResponse) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.claim = st
}

// Seen returns the requests that reached the node over streams, in order.
func (n *Node) Seen() []*apiv1.Request {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]*apiv1.Request(nil), n.seen...)
}

// Greeted returns the context of the last stream, with what its client said of
// itself.
func (n *Node) Greeted() context.Context {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.greeted
}

func (n *Node) advertised() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.advertise != "" {
		return n.advertise
	}
	return n.address
}

// hold waits while the node is silent. An error says that whoever asked has
// given up: a silent node gives no answer then either.
func (n *Node) hold(ctx context.Context) error {
	n.mu.Lock()
	gate := n.gate
	n.mu.Unlock()
	if gate == nil {
		return nil
	}
	select {
	case <-gate:
		return nil
	case <-ctx.Done():
		return status.FromContextError(ctx.Err()).Err()
	}
}

// Status implements the Status service.
func (n *Node) Status(ctx context.Context, _ *apiv1.StatusRequest) (*apiv1.StatusResponse, error) {
	if err := n.hold(ctx); err != nil {
		return nil, err
	}
	n.mu.Lock()
	claim := n.claim
	n.mu.Unlock()
	if claim != nil {
		return proto.Clone(claim).(*apiv1.StatusResponse), nil
	}
	leader, term := n.cluster.reign()
	st := &apiv1.StatusResponse{
		Id: n.id, Role: "follower", Term: term, LeaderId: leader, Cluster: "pretended",
		CommitIndex: 10, AppliedIndex: 9, Lag: 1, LastIndex: 11, SnapshotIndex: 5, Version: "test",
		AdvertiseClient: n.advertised(),
	}
	if leader == n.id {
		st.Role = "leader"
	}
	if leader != 0 {
		st.LeaderAddress = n.cluster.Node(leader).advertised()
	}
	return st, nil
}
