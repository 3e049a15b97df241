package check

import (
	"strings"

	"raftkv/history"
)

// Kinds that only keys with a meaning of their own have: see history.Counter,
// List and Lock.
const (
	// CounterOff: a counter shows less than was acknowledged, more than was
	// tried, or counted two increments as one.
	CounterOff Kind = "counter off"
	// ListTwice: an element is in a list twice, though it was added once.
	ListTwice Kind = "list element twice"
	// ListForked: of two states of a list neither is the beginning of the other.
	ListForked Kind = "list forked"
	// TokenReused: two holders of a lock were given the same fencing token.
	TokenReused Kind = "fencing token given twice"
	// TokenWentBack: a later holder was given a smaller token.
	TokenWentBack Kind = "fencing token went back"
	// TwoHolders: somebody else got the lock while it was held.
	TwoHolders Kind = "lock held twice"
	// StaleBound: a read that may lie in the past lies further back than it may.
	StaleBound Kind = "stale read beyond its bound"
)

var objectKinds = []Kind{CounterOff, ListTwice, ListForked, TokenReused, TokenWentBack, TwoHolders, StaleBound}

// objects judges a key whose prefix says what it holds.
func (r *register) objects() []Violation {
	switch {
	case strings.HasPrefix(r.key, history.CounterPrefix):
		return r.counter()
	case strings.HasPrefix(r.key, history.ListPrefix):
		return r.list()
	case strings.HasPrefix(r.key, history.LockPrefix):
		return r.lock()
	default:
		return nil
	}
}

// onlySteps reports whether everything that was ever asked to change the key was
// a cas of which step approves. Otherwise the key is not used as its name says,
// and the rules about it, whose proofs need that, do not speak.
func (r *register) onlySteps(step func(from, to value) bool) bool {
	for _, o := range r.all {
		if o.F == history.Get || (o.F == history.CAS && step(o.Expect, o.Input)) {
			continue
		}
		return false
	}
	return true
}

// won reports whether o is a cas that surely changed the state.
func won(o *operation) bool { return o.F == history.CAS && acknowledged(o) }

// shows is a state that o proves to have been: what it saw, or what it wrote.
func shows(o *operation) (value, bool) {
	if won(o) {
		return o.Input, true
	}
	return saw(o)
}
