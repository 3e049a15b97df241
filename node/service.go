package node

import (
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	apiv1 "raftkv/client/api/v1"
	"raftkv/raft/membership"
)

// service is the client port's gRPC face; gRPC's goroutines call it.
type service struct {
	apiv1.UnimplementedKVServer
	apiv1.UnimplementedStatusServer
	node *Node
}

// Get reads one key.
func (s *service) Get(ctx context.Context, q *apiv1.GetRequest) (*apiv1.GetResponse, error) {
	p, err := s.node.gate.ask(ctx, &apiv1.Request{Op: &apiv1.Request_Get{Get: q}})
	return p.GetGet(), err
}

// List reads one page of keys.
func (s *service) List(ctx context.Context, q *apiv1.ListRequest) (*apiv1.ListResponse, error) {
	p, err := s.node.gate.ask(ctx, &apiv1.Request{Op: &apiv1.Request_List{List: q}})
	return p.GetList(), err
}

// Put writes one key.
func (s *service) Put(ctx context.Context, q *apiv1.PutRequest) (*apiv1.PutResponse, error) {
	p, err := s.node.gate.ask(ctx, &apiv1.Request{Op: &apiv1.Request_Put{Put: q}})
	return p.GetPut(), err
}

// Delete removes one key.
func (s *service) Delete(ctx context.Context, q *apiv1.DeleteRequest) (*apiv1.DeleteResponse, error) {
	p, err := s.node.gate.ask(ctx, &apiv1.Request{Op: &apiv1.Request_Delete{Delete: q}})
	return p.GetDelete(), err
}

// CompareAndSwap writes one key if it is as expected.
func (s *service) CompareAndSwap(ctx context.Context, q *apiv1.CompareAndSwapRequest) (*apiv1.CompareAndSwapResponse, error) {
	p, err := s.node.gate.ask(ctx, &apiv1.Request{Op: &apiv1.Request_Cas{Cas: q}})
	return p.GetCas(), err
}

// OpenSession registers a client.
func (s *service) OpenSession(ctx context.Context, q *apiv1.OpenSessionRequest) (*apiv1.OpenSessionResponse, error) {
	p, err := s.node.gate.ask(ctx, &apiv1.Request{Op: &apiv1.Request_OpenSession{OpenSession: q}})
	return p.GetOpenSession(), err
}

// CloseSession forgets a client.
func (s *service) CloseSession(ctx context.Context, q *apiv1.CloseSessionRequest) (*apiv1.CloseSessionResponse, error) {
	p, err := s.node.gate.ask(ctx, &apiv1.Request{Op: &apiv1.Request_CloseSession{CloseSession: q}})
	return p.GetCloseSession(), err
}

// Status tells what this node knows, with no quorum asked.
func (s *service) Status(ctx context.Context, _ *apiv1.StatusRequest) (*apiv1.StatusResponse, error) {
	st, err := s.node.Status(ctx)
	if err != nil {
		return nil, status.Error(codes.Unavailable, err.Error())
	}
	return &apiv1.StatusResponse{
		Id: st.ID, Role: st.Role, Term: st.Term, LeaderId: st.Leader, LeaderAddress: st.LeaderAddress,
		CommitIndex: st.Commit, AppliedIndex: st.Applied, SnapshotIndex: st.SnapshotIndex, LastIndex: st.LastIndex,
		Lag: st.Lag, Version: st.Version, Cluster: st.Cluster, Keys: st.Keys, Sessions: st.Sessions,
		AdvertiseClient: s.node.config.clientAddress(), Incarnation: membership.Incarnation(s.node.loop.self), Waiting: st.Waiting,
	}, nil
}
