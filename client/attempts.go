package client

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"raftkv/client/api"
	apiv1 "raftkv/client/api/v1"
)

const (
	// pauseMin and pauseMax bound the pause before a further try, from the
	// second failure on; the first is followed up at once.
	pauseMin = 10 * time.Millisecond
	pauseMax = 100 * time.Millisecond
	// overloadTries is how often a refusal for lack of room is taken before the
	// caller gets to know.
	overloadTries = 5
	// limitDoublings bounds the growth of the attempt timeout.
	limitDoublings = 3
)

// attempts is what one call knows about its sendings so far.
type attempts struct {
	op   operation // for errors
	req  *apiv1.Request
	read bool  // any node may answer, and asking changes nothing
	free bool  // for the leader, but a failed one changes nothing that matters
	once bool  // must not be sent again after an unknown outcome
	only *link // the one node to ask, or nil

	count     int
	overloads int
	unknown   bool // some sending may have reached a log
	failed    *link
	last      error
}

// run sends the request until it is answered, until it is pointless or unsafe
// to send it again, or until ctx ends.
func (c *Client) run(ctx context.Context, a *attempts) (*apiv1.Response, error) {
	for {
		l, err := c.choose(ctx, a)
		if err != nil {
			return nil, a.fail(err, ctx.Err())
		}
		rep := l.do(ctx, a.req, a.limit(c.cfg.AttemptTimeout))
		a.count++
		e := rep.resp.GetError()
		if rep.err == nil && e == nil {
			return rep.resp, nil
		}
		if a.note(rep, e) || ctx.Err() != nil || c.ctx.Err() != nil {
			return nil, a.fail(c.reason(a), ctx.Err())
		}
		c.learn(l, e)
		a.failed = l
		a.pause(ctx)
	}
}

// reason says why the last sending failed. A read that any node might have
// answered, and none did, failed for want of a leader if some node still lives.
// And when the client is closed, the streams may break before they hear why.
func (c *Client) reason(a *attempts) error {
	if !errors.Is(a.last, ErrUnavailable) {
		return a.last
	}
	if c.ctx.Err() != nil {
		return ErrClosed
	}
	if a.read && a.only == nil && c.router.leader.Load() == nil {
		if why := c.router.whyNone(); errors.Is(why, ErrNoLeader) {
			return why
		}
	}
	return a.last
}

// choose names the node for the next sending.
func (c *Client) choose(ctx context.Context, a *attempts) (*link, error) {
	switch {
	case a.only != nil:
		return a.only, nil
	case a.read:
		return c.router.any(ctx, a.failed), nil
	default:
		return c.router.await(ctx)
	}
}

// learn takes from an answer what it tells about who leads.
func (c *Client) learn(l *link, e *apiv1.Error) {
	switch e.GetReason() {
	case apiv1.Reason_REASON_NOT_LEADER:
		c.router.lost(l, cause(e))
		c.router.hint(e.GetLeaderId())
	case apiv1.Reason_REASON_SHUTTING_DOWN, apiv1.Reason_REASON_UNKNOWN_OUTCOME:
		c.router.lost(l, cause(e))
	}
}

func (a *attempts) limit(base time.Duration) time.Duration {
	return base << min(a.count, limitDoublings)
}

// note takes in a sending that did not succeed, and says whether it was the
// last: because the answer is final, or because it is not safe to go on.
func (a *attempts) note(rep reply, e *apiv1.Error) (final bool) {
	if rep.err != nil {
		a.unanswered(rep.err)
		a.doubt(rep.sent)
		return a.once && a.unknown
	}
	a.last = cause(e)
	a.doubt(!api.Definite(e.GetReason()))
	switch e.GetReason() {
	case apiv1.Reason_REASON_TOO_LARGE, apiv1.Reason_REASON_BAD_REQUEST,
		apiv1.Reason_REASON_SESSION_EXPIRED:
		return true
	case apiv1.Reason_REASON_OVERLOADED:
		a.overloads++
		return a.overloads >= overloadTries
	}
	return a.once && a.unknown
}

// doubt notes that a sending may have done something, unless that does not matter.
func (a *attempts) doubt(maybe bool) {
	a.unknown = a.unknown || (maybe && !a.read && !a.free)
}

// unanswered notes why a sending got no reply. The end of the context says
// nothing new about the cluster, so an earlier answer stands.
func (a *attempts) unanswered(err error) {
	switch {
	case err == ErrClosed:
		a.last = err
	case a.read && errors.Is(a.last, ErrNoLeader):
		// A node that refused for want of a leader or a quorum says more than
		// others that are down.
	case err != context.DeadlineExceeded && err != context.Canceled:
		a.last = fmt.Errorf("%w: %w", ErrUnavailable, err)
	case a.last == nil:
		a.last = ErrUnavailable
	}
}

// fail makes the call's error. Doubt outlives every later answer: a node that
// says it did not do this sending says nothing of those before.
func (a *attempts) fail(why, ctxErr error) error {
	e := &callError{op: a.op.String(), kind: ErrNotDone, causes: []error{why}}
	if a.unknown {
		e.kind = ErrUnknown
	}
	if ctxErr != nil && ctxErr != why {
		e.causes = append(e.causes, ctxErr)
	}
	return e
}

// pause waits a little before the next sending, and longer the more there were.
func (a *attempts) pause(ctx context.Context) {
	if a.count < 2 && a.overloads == 0 {
		return
	}
	d := min(pauseMin<<min(a.count-1, 8), pauseMax)
	t := time.NewTimer(d/2 + rand.N(d/2))
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
