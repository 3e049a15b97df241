package node

import (
	"raftkv/client/api"
	apiv1 "raftkv/client/api/v1"
	"raftkv/node/kv"
	"raftkv/node/kv/kvpb"
)

// listLimit bounds one page of a listing.
type listLimit struct{ pairs, bytes int }

var defaultListLimit = listLimit{pairs: api.MaxListPairs, bytes: api.BatchBytes}

// writeResponse turns what the state machine said into what a client hears.
func writeResponse(c *kvpb.Command, r *kvpb.Result) *apiv1.Response {
	switch r.Code {
	case kvpb.Result_CODE_OK:
		return okResponse(c, r)
	case kvpb.Result_CODE_SESSION_EXPIRED:
		return errorResponse(apiv1.Reason_REASON_SESSION_EXPIRED, "the session is not known: it expired or was closed; open a new one")
	case kvpb.Result_CODE_SESSION_FULL:
		return errorResponse(apiv1.Reason_REASON_OVERLOADED, "the session remembers too many bytes of answers that its client has not acknowledged; try again when it has")
	case kvpb.Result_CODE_SEQUENCE_FORGOTTEN:
		return errorResponse(apiv1.Reason_REASON_BAD_REQUEST, "the session has said that this sequence was answered")
	default:
		return errorResponse(apiv1.Reason_REASON_BAD_REQUEST, "the state machine refused the command: more than 1024 sequences are open, or it is of an unknown kind")
	}
}

func okResponse(c *kvpb.Command, r *kvpb.Result) *apiv1.Response {
	switch c.Op {
	case kvpb.Command_OP_PUT:
		return &apiv1.Response{Result: &apiv1.Response_Put{Put: &apiv1.PutResponse{}}}
	case kvpb.Command_OP_DELETE:
		return &apiv1.Response{Result: &apiv1.Response_Delete{Delete: &apiv1.DeleteResponse{Found: r.Found}}}
	case kvpb.Command_OP_CAS:
		return &apiv1.Response{Result: &apiv1.Response_Cas{Cas: &apiv1.CompareAndSwapResponse{Swapped: r.Swapped, Found: r.Found, Actual: r.Actual}}}
	case kvpb.Command_OP_OPEN_SESSION:
		return &apiv1.Response{Result: &apiv1.Response_OpenSession{OpenSession: &apiv1.OpenSessionResponse{Session: r.Session}}}
	default:
		return &apiv1.Response{Result: &apiv1.Response_CloseSession{CloseSession: &apiv1.CloseSessionResponse{}}}
	}
}

func errorResponse(reason apiv1.Reason, message string) *apiv1.Response {
	return &apiv1.Response{Result: &apiv1.Response_Error{Error: &apiv1.Error{Reason: reason, Message: message}}}
}

func (m *machine) answerRead(r *request) *apiv1.Response {
	if r.view != nil {
		r.view(m.store, m.term)
		return &apiv1.Response{}
	}
	if r.get != nil {
		value, found := m.store.Get(r.get.Key)
		return &apiv1.Response{Result: &apiv1.Response_Get{Get: &apiv1.GetResponse{Found: found, Value: value}}}
	}
	return &apiv1.Response{Result: &apiv1.Response_List{List: m.list(r.list)}}
}

// list fills one page, bounded in pairs and in bytes.
func (m *machine) list(q *apiv1.ListRequest) *apiv1.ListResponse {
	limit := m.limit.pairs
	if q.Limit > 0 {
		limit = min(limit, int(q.Limit))
	}
	page, bytes := &apiv1.ListResponse{}, 0
	m.store.Scan(q.Prefix, q.After, func(p kv.Pair) bool {
		bytes += len(p.Key) + len(p.Value)
		page.More = len(page.Pairs) == limit || (bytes > m.limit.bytes && len(page.Pairs) > 0)
		if !page.More {
			page.Pairs = append(page.Pairs, &apiv1.KeyValue{Key: p.Key, Value: p.Value})
		}
		return !page.More
	})
	return page
}
