package client

import (
	"errors"
	"fmt"

	apiv1 "raftkv/client/api/v1"
)

// Every error of a call is exactly one of these two.
var (
	// ErrNotDone: nothing was changed, and nothing will be.
	ErrNotDone = errors.New("not done")
	// ErrUnknown: the write may have been applied, may be applied later, or
	// may never be. Read the key to find out, or write again if that is harmless.
	ErrUnknown = errors.New("outcome unknown")
)

// Finer causes, found by errors.Is beside ErrNotDone or ErrUnknown.
var (
	// ErrOverloaded: the leader kept refusing for lack of room. Slow down.
	ErrOverloaded = errors.New("the leader is overloaded")
	// ErrTooLarge: key, value or request is over a limit. Do not repeat it.
	ErrTooLarge = errors.New("too large")
	// ErrBadRequest: the server could not accept it. Do not repeat it.
	ErrBadRequest = errors.New("bad request")
	// ErrSessionExpired: the session ended while the write's outcome was open.
	// The next write opens a new session.
	ErrSessionExpired = errors.New("the session expired")
	// ErrNoLeader: nodes answered, but none led, or no quorum confirmed it.
	ErrNoLeader = errors.New("no leader found")
	// ErrLeaderUnreached: nodes answered and name a leader, who cannot be reached at
	// any address that is known here. It is an ErrNoLeader too.
	ErrLeaderUnreached error = leaderUnreached{}
	// ErrTooStale: no node could confirm that what it has is young enough for the
	// bound that StaleWithin set.
	ErrTooStale = errors.New("what the node has may be too old")
	// ErrNotNow: it waited in vain for what it needs, as a change of members for a
	// node that has caught up.
	ErrNotNow = errors.New("it cannot be done now")
	// ErrUnavailable: no node answered, or the one asked did not.
	ErrUnavailable = errors.New("no node answered")
	// ErrClosed: the client was closed.
	ErrClosed = errors.New("the client is closed")
)

// leaderUnreached is an ErrNoLeader of its own.
type leaderUnreached struct{}

func (leaderUnreached) Error() string { return "no leader reached" }
func (leaderUnreached) Unwrap() error { return ErrNoLeader }

// reasonErrors maps the server's reasons to causes.
var reasonErrors = map[apiv1.Reason]error{
	apiv1.Reason_REASON_NOT_LEADER:      ErrNoLeader,
	apiv1.Reason_REASON_NO_QUORUM:       ErrNoLeader,
	apiv1.Reason_REASON_OVERLOADED:      ErrOverloaded,
	apiv1.Reason_REASON_TOO_LARGE:       ErrTooLarge,
	apiv1.Reason_REASON_BAD_REQUEST:     ErrBadRequest,
	apiv1.Reason_REASON_SESSION_EXPIRED: ErrSessionExpired,
	apiv1.Reason_REASON_SHUTTING_DOWN:   ErrUnavailable,
	apiv1.Reason_REASON_TOO_STALE:       ErrTooStale,
	apiv1.Reason_REASON_NOT_NOW:         ErrNotNow,
	apiv1.Reason_REASON_UNKNOWN_OUTCOME: ErrNoLeader,
}

// cause turns a server's Error into a Go error that bears its message.
func cause(e *apiv1.Error) error {
	base, ok := reasonErrors[e.GetReason()]
	if !ok {
		base = fmt.Errorf("unexpected reason %s", e.GetReason())
	}
	if e.GetMessage() == "" {
		return base
	}
	return fmt.Errorf("%w (%s)", base, e.GetMessage())
}

// callError is what a failed call returns: what was tried, the kind, and the
// causes, all of which errors.Is finds.
type callError struct {
	op     string
	kind   error
	causes []error
}

func (e *callError) Error() string {
	s := e.op + ": " + e.kind.Error()
	for _, c := range e.causes {
		s += ": " + c.Error()
	}
	return s
}

func (e *callError) Unwrap() []error { return append([]error{e.kind}, e.causes...) }

// causesOf gives the causes of a call that was made on behalf of another.
func causesOf(err error) []error {
	var e *callError
	if errors.As(err, &e) {
		return e.causes
	}
	return []error{err}
}

func notDone(op string, causes ...error) error {
	return &callError{op: op, kind: ErrNotDone, causes: causes}
}
