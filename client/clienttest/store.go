package clienttest

import (
	"bytes"
	"slices"
	"strings"

	apiv1 "raftkv/client/api/v1"
)

// store is the map behind a cluster. The cluster's lock guards it.
type store struct {
	data     map[string][]byte
	applied  map[string]int
	lastID   uint64
	sessions map[uint64]map[uint64]*apiv1.Response
}

func newStore() *store {
	return &store{
		data: map[string][]byte{}, applied: map[string]int{},
		sessions: map[uint64]map[uint64]*apiv1.Response{},
	}
}

// retryOf returns a write's key and retry; ok is false for anything else.
func retryOf(r *apiv1.Request) (key string, retry *apiv1.Retry, ok bool) {
	switch op := r.Op.(type) {
	case *apiv1.Request_Put:
		return string(op.Put.GetKey()), op.Put.GetRetry(), true
	case *apiv1.Request_Delete:
		return string(op.Delete.GetKey()), op.Delete.GetRetry(), true
	case *apiv1.Request_Cas:
		return string(op.Cas.GetKey()), op.Cas.GetRetry(), true
	}
	return "", nil, false
}

// do performs one request.
func (s *store) do(r *apiv1.Request) *apiv1.Response {
	key, retry, isWrite := retryOf(r)
	if !isWrite {
		return s.other(r)
	}
	if retry.GetSession() == 0 {
		s.applied[key]++
		return s.write(r)
	}
	replies, known := s.sessions[retry.GetSession()]
	if !known {
		return Refuse(apiv1.Reason_REASON_SESSION_EXPIRED)
	}
	resp, again := replies[retry.GetSequence()]
	if !again {
		s.applied[key]++
		resp = s.write(r)
		replies[retry.GetSequence()] = resp
	}
	return resp
}

func (s *store) write(r *apiv1.Request) *apiv1.Response {
	switch op := r.Op.(type) {
	case *apiv1.Request_Put:
		s.data[string(op.Put.GetKey())] = op.Put.GetValue()
		return &apiv1.Response{Result: &apiv1.Response_Put{Put: &apiv1.PutResponse{}}}
	case *apiv1.Request_Delete:
		_, found := s.data[string(op.Delete.GetKey())]
		delete(s.data, string(op.Delete.GetKey()))
		return &apiv1.Response{Result: &apiv1.Response_Delete{Delete: &apiv1.DeleteResponse{Found: found}}}
	default:
		return s.swap(r.GetCas())
	}
}

func (s *store) swap(c *apiv1.CompareAndSwapRequest) *apiv1.Response {
	old, found := s.data[string(c.GetKey())]
	won := found && !c.GetExpectAbsent() && bytes.Equal(old, c.GetExpect())
	if won = won || (!found && c.GetExpectAbsent()); won {
		s.data[string(c.GetKey())] = c.GetValue()
	}
	return &apiv1.Response{Result: &apiv1.Response_Cas{Cas: &apiv1.CompareAndSwapResponse{
		Swapped: won, Found: found, Actual: old,
	}}}
}

func (s *store) other(r *apiv1.Request) *apiv1.Response {
	switch op := r.Op.(type) {
	case *apiv1.Request_Get:
		v, ok := s.data[string(op.Get.GetKey())]
		return &apiv1.Response{Result: &apiv1.Response_Get{Get: &apiv1.GetResponse{Found: ok, Value: v}}}
	case *apiv1.Request_List:
		return &apiv1.Response{Result: &apiv1.Response_List{List: s.list(op.List)}}
	case *apiv1.Request_OpenSession:
		s.lastID++
		s.sessions[s.lastID] = map[uint64]*apiv1.Response{}
		return &apiv1.Response{Result: &apiv1.Response_OpenSession{
			OpenSession: &apiv1.OpenSessionResponse{Session: s.lastID},
		}}
	case *apiv1.Request_CloseSession:
		delete(s.sessions, op.CloseSession.GetSession())
		return &apiv1.Response{Result: &apiv1.Response_CloseSession{
			CloseSession: &apiv1.CloseSessionResponse{},
		}}
	}
	return Refuse(apiv1.Reason_REASON_BAD_REQUEST)
}

func (s *store) list(l *apiv1.ListRequest) *apiv1.ListResponse {
	var keys []string
	for k := range s.data {
		if strings.HasPrefix(k, string(l.GetPrefix())) && k > string(l.GetAfter()) {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	resp := &apiv1.ListResponse{}
	for _, k := range keys {
		if l.GetLimit() > 0 && len(resp.Pairs) == int(l.GetLimit()) {
			resp.More = true
			break
		}
		resp.Pairs = append(resp.Pairs, &apiv1.KeyValue{Key: []byte(k), Value: s.data[k]})
	}
	return resp
}

// Refuse is the response that refuses a request for a reason.
func Refuse(r apiv1.Reason) *apiv1.Response {
	return &apiv1.Response{Result: &apiv1.Response_Error{Error: &apiv1.Error{
		Reason: r, Message: "scripted",
	}}}
}
