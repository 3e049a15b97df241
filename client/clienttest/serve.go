package clienttest

import (
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"raftkv/client/api"
	apiv1 "raftkv/client/api/v1"
)

var errHangUp = status.Error(codes.Unavailable, "scripted hang-up")

// Stream implements the KV service's stream.
func (n *Node) Stream(st apiv1.KV_StreamServer) error {
	n.mu.Lock()
	n.greeted = st.Context()
	n.mu.Unlock()
	for {
		m, err := st.Recv()
		if err != nil {
			return err
		}
		if err := n.hold(st.Context()); err != nil {
			return err
		}
		out := &apiv1.StreamResponse{}
		for _, r := range m.GetRequests() {
			resp, hangUp := n.handle(r)
			if hangUp {
				return errHangUp
			}
			if resp != nil {
				resp.Id = r.GetId()
				out.Responses = append(out.Responses, resp)
			}
		}
		api.SealResponses(out.GetResponses())
		if err := st.Send(out); err != nil {
			return err
		}
	}
}

// handle gives the reply to r, or nil for none.
func (n *Node) handle(r *apiv1.Request) (resp *apiv1.Response, hangUp bool) {
	n.mu.Lock()
	n.seen = append(n.seen, r)
	script := n.script
	n.mu.Unlock()
	action := Answer
	if script != nil {
		if action, resp = script(r); resp != nil {
			return resp, false
		}
	}
	switch action {
	case Ignore:
		return nil, false
	case HangUp:
		return nil, true
	}
	resp = n.perform(r, action == AnswerNoMatter)
	if action == Answer || action == AnswerNoMatter {
		return resp, false
	}
	return nil, action == DoAndHangUp
}

func (n *Node) perform(r *apiv1.Request, always bool) *apiv1.Response {
	leader, _ := n.cluster.reign()
	read := r.GetGet() != nil || r.GetList() != nil
	if !read && leader != n.id && !always {
		return n.notLeader(leader)
	}
	n.cluster.mu.Lock()
	defer n.cluster.mu.Unlock()
	// A copy, because the remembered reply of a session is given out again.
	return proto.Clone(n.cluster.store.do(r)).(*apiv1.Response)
}

func (n *Node) notLeader(leader uint64) *apiv1.Response {
	resp := Refuse(apiv1.Reason_REASON_NOT_LEADER)
	if leader != 0 {
		resp.GetError().LeaderId = leader
		resp.GetError().LeaderAddress = n.cluster.Node(leader).advertised()
	}
	return resp
}
