package client

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	apiv1 "raftkv/client/api/v1"
)

const (
	// watchEvery is how often a stream with calls in flight looks at their age.
	watchEvery = 50 * time.Millisecond
	// slowAfter is the age of a call at which other nodes are asked whether
	// somebody else leads by now.
	slowAfter = 250 * time.Millisecond
)

// outgoing is a request on its way to the sender.
type outgoing struct {
	call *call
	req  *apiv1.Request
}

// stream is one life of the gRPC stream to a node: it takes calls from its
// creation on, even before it is open, and once broken stays so. mu guards all
// fields below it.
type stream struct {
	link   *link
	ctx    context.Context
	cancel context.CancelFunc
	wake   chan struct{} // holds one token while the queue is not empty

	mu      sync.Mutex
	lastID  uint64
	queue   []outgoing
	pending map[uint64]*call
	heard   time.Time
	watched bool
	broken  error
}

func newStream(ctx context.Context, l *link) *stream {
	s := &stream{link: l, wake: make(chan struct{}, 1), pending: make(map[uint64]*call)}
	s.ctx, s.cancel = context.WithCancel(ctx)
	return s
}

// do sends a copy of req and waits for the reply, for limit, or for ctx.
func (s *stream) do(ctx context.Context, req *apiv1.Request, limit time.Duration) reply {
	calls := &s.link.router.calls
	c := calls.take(limit)
	defer calls.release(c)
	if err := s.enqueue(c, req); err != nil {
		return reply{err: err}
	}
	select {
	case r := <-c.reply:
		return r
	case <-ctx.Done():
		return s.abandon(c, ctx.Err())
	}
}

func (s *stream) enqueue(c *call, req *apiv1.Request) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return s.broken
	}
	s.lastID++
	c.id = s.lastID
	s.pending[c.id] = c
	// A copy, because a sender may still be encoding the last try's.
	s.queue = append(s.queue, outgoing{c, &apiv1.Request{Id: c.id, Op: req.Op}})
	if len(s.queue) == 1 {
		s.wakeSender()
	}
	s.watch()
	return nil
}

func (s *stream) wakeSender() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// abandon ends the wait of c, unless its reply came first.
func (s *stream) abandon(c *call, err error) reply {
	s.mu.Lock()
	_, waiting := s.pending[c.id]
	delete(s.pending, c.id)
	sent := c.sent
	s.mu.Unlock()
	if !waiting {
		return <-c.reply
	}
	return reply{err: err, sent: sent}
}

// deliver hands replies to their callers. A reply whose caller has gone is
// dropped.
func (s *stream) deliver(rs []*apiv1.Response) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard = time.Now()
	for _, r := range rs {
		if c, ok := s.pending[r.GetId()]; ok {
			delete(s.pending, c.id)
			c.reply <- reply{resp: r, sent: true}
		}
	}
}

// fail ends all waiting calls without a reply. The stream lives on.
func (s *stream) fail(err error) {
	s.mu.Lock()
	cs := s.removeLocked()
	s.mu.Unlock()
	end(cs, err)
}

// removeLocked takes all waiting calls; the caller owes each of them its reply.
func (s *stream) removeLocked() []*call {
	cs := slices.Collect(maps.Values(s.pending))
	clear(s.pending)
	return cs
}

// end gives the waiters of calls that were removed the reason as their reply.
// The link has to know it by then, or they would come to this node again.
func end(cs []*call, err error) {
	for _, c := range cs {
		c.reply <- reply{err: err, sent: c.sent} // c is its waiter's again
	}
}

// sever ends the stream and every call on it.
func (s *stream) sever(err error) {
	s.mu.Lock()
	first := s.broken == nil
	var cs []*call
	if first {
		s.broken, cs = err, s.removeLocked()
	}
	s.mu.Unlock()
	s.cancel()
	if first {
		s.link.severed(s, err)
	}
	end(cs, err)
}

// watch arms the timer that looks after calls in flight. mu is held.
func (s *stream) watch() {
	if !s.watched {
		s.watched = true
		time.AfterFunc(watchEvery, s.look)
	}
}

// look ends the calls that waited too long, and tells the link what it saw.
func (s *stream) look() {
	s.mu.Lock()
	s.watched = false
	overdue, slow, silent := s.expire(time.Now())
	if len(s.pending) > 0 {
		s.watch()
	}
	s.mu.Unlock()
	if silent {
		s.link.silent()
	} else if slow {
		s.link.slow()
	}
	end(overdue, errSilent)
}

// expire removes overdue calls. slow: some call is old; silent: one was overdue
// and nothing at all was heard since it started.
func (s *stream) expire(now time.Time) (overdue []*call, slow, silent bool) {
	for id, c := range s.pending {
		age := now.Sub(c.started)
		slow = slow || age >= slowAfter
		if age < c.limit {
			continue
		}
		delete(s.pending, id)
		silent = silent || !s.heard.After(c.started)
		overdue = append(overdue, c)
	}
	return overdue, slow, silent
}
