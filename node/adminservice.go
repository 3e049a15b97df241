package node

import (
	"cmp"
	"context"
	"slices"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"raftkv/client/api"
	apiv1 "raftkv/client/api/v1"
	"raftkv/node/levers"
	"raftkv/raft"
	"raftkv/raft/membership"
)

// adminService is the gRPC face for what changes the cluster itself; gRPC's
// goroutines call it.
type adminService struct {
	apiv1.UnimplementedAdminServer
	node *Node
}

// MemberList tells the membership as this node knows it.
func (s *adminService) MemberList(ctx context.Context, _ *apiv1.MemberListRequest) (*apiv1.MemberListResponse, error) {
	got := make(chan *apiv1.MemberListResponse, 1)
	s.node.loop.events.put(func(l *loop) { got <- l.memberList() })
	return await(ctx, s.node, got)
}

// MemberChange carries out a change and answers when it is final.
func (s *adminService) MemberChange(ctx context.Context, q *apiv1.MemberChangeRequest) (*apiv1.MemberChangeResponse, error) {
	type result struct {
		changed bool
		err     *apiv1.Error
	}
	got := make(chan result, 1)
	deadline := s.deadline(ctx)
	met, err := s.meet(ctx, q)
	if err != nil {
		return nil, err
	}
	s.node.loop.events.put(func(l *loop) {
		l.changeMembers(q, met, deadline, func(changed bool, e *apiv1.Error) { got <- result{changed, e} })
	})
	r, err := await(ctx, s.node, got)
	if err != nil || r.err != nil {
		return nil, firstError(err, r.err)
	}
	return &apiv1.MemberChangeResponse{Changed: r.changed}, nil
}

// TransferLeader hands leadership over and answers when somebody else leads.
func (s *adminService) TransferLeader(ctx context.Context, q *apiv1.TransferLeaderRequest) (*apiv1.TransferLeaderResponse, error) {
	got := make(chan *apiv1.Error, 1)
	deadline := s.deadline(ctx)
	s.node.loop.events.put(func(l *loop) { l.transferLeader(q.To, deadline, func(e *apiv1.Error) { got <- e }) })
	e, err := await(ctx, s.node, got)
	if err != nil || e != nil {
		return nil, firstError(err, e)
	}
	st, err := s.node.Status(ctx)
	return &apiv1.TransferLeaderResponse{LeaderId: st.Leader}, err
}

// TakeSnapshot answers when this node has all that it had applied in a snapshot.
func (s *adminService) TakeSnapshot(ctx context.Context, _ *apiv1.TakeSnapshotRequest) (*apiv1.TakeSnapshotResponse, error) {
	got := make(chan uint64, 1)
	deadline := s.deadline(ctx)
	s.node.loop.events.put(func(l *loop) { l.wantSnapshot(snapshotCall{l.raft.Applied(), deadline, got}) })
	index, err := await(ctx, s.node, got)
	if err == nil && index == 0 {
		err = api.ToStatus(&apiv1.Error{Reason: apiv1.Reason_REASON_NOT_NOW, Message: "no snapshot is durable yet; ask again"})
	}
	return &apiv1.TakeSnapshotResponse{Index: index}, err
}

// deadline is the request's own, or the node's bound if that is sooner.
func (s *adminService) deadline(ctx context.Context) time.Time {
	d := levers.Now().Add(s.node.config.RequestTimeout)
	if own, ok := ctx.Deadline(); ok && levers.Local(own).Before(d) {
		return levers.Local(own)
	}
	return d
}

// await waits for the loop's answer. Without one nobody knows the outcome.
func await[T any](ctx context.Context, n *Node, got <-chan T) (answer T, err error) {
	select {
	case answer = <-got:
		return answer, nil
	case <-n.stopped:
		return answer, status.Error(codes.Unavailable, "the node is shutting down")
	case <-ctx.Done():
		return answer, status.FromContextError(ctx.Err()).Err()
	}
}

func firstError(err error, e *apiv1.Error) error {
	if err != nil {
		return err
	}
	return api.ToStatus(e)
}

// memberList is the membership in force here.
func (l *loop) memberList() *apiv1.MemberListResponse {
	s := l.raft.Status()
	out := &apiv1.MemberListResponse{LeaderId: membership.Node(s.Leader), Term: s.Term, CommitIndex: s.Commit, Pending: !l.raft.ConfSettled()}
	ids := slices.Sorted(slices.Values(slices.Concat(s.Conf.Voters, s.Conf.VotersOutgoing, s.Conf.Learners)))
	stored := addressesIn(s.Conf)
	for _, id := range slices.Compact(ids) {
		node := membership.Node(id)
		m := &apiv1.Member{Id: node, Incarnation: membership.Incarnation(id), Role: memberRole(s.Conf, id), ClientAddress: l.addresses.of(id),
			PeerAddress: stored[node], Leader: id == s.Leader, Match: s.Progress[id].Match, NewFolder: l.hasNewFolder(id)}
		if m.PeerAddress == "" {
			m.PeerAddress = l.members.addressOf(node, nil)
		}
		out.Members = append(out.Members, m)
	}
	slices.SortStableFunc(out.Members, func(a, b *apiv1.Member) int { return cmp.Compare(a.Id, b.Id) })
	return out
}

// memberRole names what id is, and where a change that is under way leaves it.
func memberRole(c raft.ConfState, id uint64) string {
	in, out := slices.Contains(c.Voters, id), slices.Contains(c.VotersOutgoing, id)
	switch {
	case in && !out && len(c.VotersOutgoing) > 0:
		return "incoming"
	case in:
		return "voter"
	case out:
		return "outgoing"
	}
	return "learner"
}
