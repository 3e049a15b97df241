package client

import (
	"errors"
	"sync"
	"time"

	apiv1 "raftkv/client/api/v1"
)

// Why a sending got no reply.
var (
	errLost   = errors.New("the connection was lost")
	errSilent = errors.New("no reply in time")
	errMoved  = errors.New("another node leads now")
)

// reply is how one sending ended. sent says whether the request may have left
// this process; where it is false, the request was certainly not done.
type reply struct {
	resp *apiv1.Response
	err  error
	sent bool
}

// call is one sending that waits for its reply. Whoever removes it from its
// stream's pending map, under the stream's lock, owes it exactly one reply,
// unless that was the waiter itself.
type call struct {
	id      uint64
	reply   chan reply
	started time.Time
	limit   time.Duration
	sent    bool
}

// calls keeps the calls that have ended for further use. Each client has its
// own: a channel made in one test's bubble must not be used in another's.
type calls struct{ pool sync.Pool }

func (cs *calls) take(limit time.Duration) *call {
	c, ok := cs.pool.Get().(*call)
	if !ok {
		c = &call{reply: make(chan reply, 1)}
	}
	c.started, c.limit, c.sent = time.Now(), limit, false
	return c
}

func (cs *calls) release(c *call) { cs.pool.Put(c) }
