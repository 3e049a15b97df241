package raft

import (
	"errors"
	"fmt"
)

// Errors of inputs that make no sense; unlike those in types.go they point at
// a bug in the caller or in a peer.
var (
	// ErrMalformed is wrapped by the errors of Step: the message contradicts
	// itself. Nothing was taken from it.
	ErrMalformed = errors.New("raft: malformed message")
	// ErrLost: the log lacks entries that this node had acknowledged, though it is
	// whole in itself: it is an older copy, or a disk gave back an older state. Only
	// recovery (Config.Recovery) makes the node trustworthy again.
	ErrLost = errors.New("raft: the log lacks entries that this node had acknowledged")
	// ErrNotApplied: a snapshot reaches beyond what was applied.
	ErrNotApplied = errors.New("raft: snapshot is ahead of what was applied")
)

// MemberError says which member keeps a change from being made, and what is the
// matter with it. Err is one of the sentinels.
type MemberError struct {
	Err  error
	ID   uint64
	What string
}

// Error gives one line; the caller may name the member in its own way.
func (e *MemberError) Error() string { return fmt.Sprintf("%v: %d %s", e.Err, e.ID, e.What) }

// Unwrap gives the sentinel.
func (e *MemberError) Unwrap() error { return e.Err }
