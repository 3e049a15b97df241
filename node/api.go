package node

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"raftkv/client/api"
	apiv1 "raftkv/client/api/v1"
	"raftkv/node/kv"
	"raftkv/node/kv/kvpb"
	"raftkv/node/levers"
)

// gate is where requests enter the node: it bounds them in size and number
// and counts how they end. Safe for concurrent use.
type gate struct {
	config   *Config
	requests *inbox[*request]
	metrics  *metrics
	inflight atomic.Int64
	closed   atomic.Bool
	answered <-chan struct{} // closed when nobody is left to answer
}

// submit sends one request to the loop. answer is called exactly once, from
// here or from another goroutine, and must not block.
func (g *gate) submit(q *apiv1.Request, deadline time.Time, answer func(*apiv1.Response)) {
	r, bad := g.parse(q)
	if bad == nil {
		bad = g.reserve()
	}
	if bad != nil {
		bad.Id = q.Id
		g.count(operation(q), bad)
		answer(bad)
		return
	}
	g.enter(r, operation(q), deadline, func(p *apiv1.Response) {
		p.Id = q.Id
		answer(p)
	})
}

// reserve takes a place among the requests in flight; a response says why not.
func (g *gate) reserve() *apiv1.Response {
	if g.closed.Load() {
		return errorResponse(apiv1.Reason_REASON_SHUTTING_DOWN, "the node is shutting down")
	}
	if n := g.inflight.Add(1); n > int64(g.config.MaxInflightRequests) {
		g.inflight.Add(-1)
		return errorResponse(apiv1.Reason_REASON_OVERLOADED, fmt.Sprintf("%d requests are in flight; try again shortly", n-1))
	}
	return nil
}

// enter hands a request that has its place to the loop; op names it in metrics.
func (g *gate) enter(r *request, op string, deadline time.Time, answer func(*apiv1.Response)) {
	r.arrived = levers.Now()
	r.deadline = r.arrived.Add(g.config.RequestTimeout)
	if deadline = levers.Local(deadline); !deadline.IsZero() && deadline.Before(r.deadline) {
		r.deadline = deadline
	}
	r.answer = func(p *apiv1.Response) {
		g.inflight.Add(-1)
		g.count(op, p)
		answer(p)
	}
	g.requests.put(r)
}

// parse turns the wire's request into the node's, within the limits.
func (g *gate) parse(q *apiv1.Request) (*request, *apiv1.Response) {
	switch op := q.Op.(type) {
	case *apiv1.Request_Get:
		return g.keyed(&request{get: op.Get}, op.Get.GetKey())
	case *apiv1.Request_List:
		return &request{list: op.List}, nil
	case *apiv1.Request_Put:
		return g.command(&kvpb.Command{Op: kvpb.Command_OP_PUT, Key: op.Put.Key, Value: op.Put.Value}, op.Put.Retry)
	case *apiv1.Request_Delete:
		return g.command(&kvpb.Command{Op: kvpb.Command_OP_DELETE, Key: op.Delete.Key}, op.Delete.Retry)
	case *apiv1.Request_Cas:
		c := op.Cas
		return g.command(&kvpb.Command{Op: kvpb.Command_OP_CAS, Key: c.Key, Value: c.Value, Expect: c.Expect, ExpectAbsent: c.ExpectAbsent}, c.Retry)
	case *apiv1.Request_OpenSession:
		return &request{command: &kvpb.Command{Op: kvpb.Command_OP_OPEN_SESSION}}, nil
	case *apiv1.Request_CloseSession:
		return &request{command: &kvpb.Command{Op: kvpb.Command_OP_CLOSE_SESSION, Session: op.CloseSession.Session}}, nil
	default:
		return nil, errorResponse(apiv1.Reason_REASON_BAD_REQUEST, "the request asks for nothing that this node knows")
	}
}

func (g *gate) command(c *kvpb.Command, retry *apiv1.Retry) (*request, *apiv1.Response) {
	c.Session, c.Sequence, c.FirstOpen = retry.GetSession(), retry.GetSequence(), retry.GetFirstOpen()
	if c.Session != 0 && (c.Sequence == 0 || c.FirstOpen > c.Sequence) {
		return nil, errorResponse(apiv1.Reason_REASON_BAD_REQUEST, "a session's sequence starts at 1 and is not below first_open")
	}
	if n := max(len(c.Value), len(c.Expect)); n > g.config.MaxValueBytes {
		return nil, errorResponse(apiv1.Reason_REASON_TOO_LARGE, fmt.Sprintf("a value of %d bytes; the limit is %d", n, g.config.MaxValueBytes))
	}
	return g.keyed(&request{command: c}, c.Key)
}

func (g *gate) keyed(r *request, key []byte) (*request, *apiv1.Response) {
	if len(key) == 0 {
		return nil, errorResponse(apiv1.Reason_REASON_BAD_REQUEST, "the key is empty")
	}
	if len(key) > g.config.MaxKeyBytes {
		return nil, errorResponse(apiv1.Reason_REASON_TOO_LARGE, fmt.Sprintf("a key of %d bytes; the limit is %d", len(key), g.config.MaxKeyBytes))
	}
	return r, nil
}

func (g *gate) count(op string, p *apiv1.Response) {
	outcome := "done"
	if e := p.GetError(); e != nil {
		outcome = "unknown"
		if api.Definite(e.Reason) {
			outcome = "refused"
		}
	}
	g.metrics.requests.WithLabelValues(op, outcome).Inc()
}

// operation names a request in metrics.
func operation(q *apiv1.Request) string {
	switch q.Op.(type) {
	case *apiv1.Request_Get:
		return "get"
	case *apiv1.Request_List:
		return "list"
	case *apiv1.Request_Put:
		return "put"
	case *apiv1.Request_Delete:
		return "delete"
	case *apiv1.Request_Cas:
		return "cas"
	case *apiv1.Request_OpenSession:
		return "open_session"
	case *apiv1.Request_CloseSession:
		return "close_session"
	}
	return "none"
}

// ask submits one request and waits for its answer. When ctx ends first the
// answer still comes, to nobody.
func (g *gate) ask(ctx context.Context, q *apiv1.Request) (*apiv1.Response, error) {
	deadline, _ := ctx.Deadline()
	got := make(chan *apiv1.Response, 1)
	g.submit(q, deadline, func(p *apiv1.Response) { got <- p })
	return g.wait(ctx, got)
}

// view runs f on the state that a linearizable read would see, on the machine's
// goroutine. It may still be running when ctx ends first.
func (g *gate) view(ctx context.Context, deadline time.Time, f func(s *kv.Store, term uint64)) error {
	if bad := g.reserve(); bad != nil {
		return api.ToStatus(bad.GetError())
	}
	got := make(chan *apiv1.Response, 1)
	g.enter(&request{view: f}, "backup", deadline, func(p *apiv1.Response) { got <- p })
	_, err := g.wait(ctx, got)
	return err
}

// wait is for an answer, or for the end of whoever could give it.
func (g *gate) wait(ctx context.Context, got <-chan *apiv1.Response) (*apiv1.Response, error) {
	select {
	case p := <-got:
		return outcome(p)
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-g.answered:
		return outcome(g.lastAnswer(got))
	}
}

// lastAnswer is for a request that the ending node may have missed: its answer,
// if one came after all, and otherwise that nobody knows.
func (g *gate) lastAnswer(got <-chan *apiv1.Response) *apiv1.Response {
	select {
	case p := <-got:
		return p
	default:
		return errorResponse(apiv1.Reason_REASON_UNKNOWN_OUTCOME, "the node has stopped")
	}
}

// outcome is a response as a unary call returns it.
func outcome(p *apiv1.Response) (*apiv1.Response, error) {
	if e := p.GetError(); e != nil {
		return nil, api.ToStatus(e)
	}
	return p, nil
}
