package client

import (
	"context"
	"errors"
	"sync"

	apiv1 "raftkv/client/api/v1"
)

// sessions keeps the client's one session, and opens it when first needed.
type sessions struct {
	client *Client

	mu      sync.Mutex
	cur     *session
	opening *opening
}

// opening is a session on its way; done is closed when the rest is set.
type opening struct {
	done chan struct{}
	s    *session
	err  error
}

// current returns the session, opening one if need be. Callers that arrive
// meanwhile share that, each for as long as its own context allows.
func (ss *sessions) current(ctx context.Context) (*session, error) {
	for {
		s, o := ss.look()
		if s != nil {
			return s, nil
		}
		select {
		case <-o.done:
		case <-ctx.Done():
			return nil, notDone("open session", ss.client.router.whyNone(), ctx.Err())
		}
		if o.err == nil {
			return o.s, nil
		}
		if !errors.Is(o.err, context.DeadlineExceeded) {
			return nil, o.err
		}
	}
}

func (ss *sessions) look() (*session, *opening) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	if ss.cur == nil && ss.opening == nil {
		ss.opening = &opening{done: make(chan struct{})}
		if o := ss.opening; !ss.client.router.spawn(func() { ss.open(o) }) {
			o.err = notDone("open session", ErrClosed)
			close(o.done)
		}
	}
	return ss.cur, ss.opening
}

// open registers a session. It is repeated freely: one that was opened
// unnoticed expires by itself.
func (ss *sessions) open(o *opening) {
	ctx, cancel := context.WithTimeout(ss.client.ctx, ss.client.cfg.RequestTimeout)
	defer cancel()
	resp, err := ss.client.run(ctx, &attempts{op: operation{name: "open session"}, free: true, req: &apiv1.Request{
		Op: &apiv1.Request_OpenSession{OpenSession: &apiv1.OpenSessionRequest{}},
	}})
	ss.mu.Lock()
	defer ss.mu.Unlock()
	if err == nil {
		o.s = newSession(resp.GetOpenSession().GetSession())
		ss.cur = o.s
	}
	o.err = err
	ss.opening = nil
	close(o.done)
}

// forget drops s, which the cluster no longer knows.
func (ss *sessions) forget(s *session) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	if ss.cur == s {
		ss.cur = nil
	}
}

// close ends the session at the cluster, if there is one and ctx lasts. It is
// a courtesy: an abandoned session expires by itself.
func (ss *sessions) close(ctx context.Context) {
	ss.mu.Lock()
	s := ss.cur
	ss.cur = nil
	ss.mu.Unlock()
	if s == nil {
		return
	}
	_, err := ss.client.run(ctx, &attempts{op: operation{name: "close session"}, free: true, req: &apiv1.Request{
		Op: &apiv1.Request_CloseSession{CloseSession: &apiv1.CloseSessionRequest{Session: s.id}},
	}})
	if err != nil {
		ss.client.cfg.Logger.Debug("session left to expire", "session", s.id, "error", err)
	}
}
