package raft

import "errors"

// Errors of inputs that make no sense; unlike those in types.go they point at
// a bug in the caller or in a peer.
var (
	// ErrMalformed is wrapped by the errors of Step: the message contradicts
	// itself. Nothing was taken from it.
	ErrMalformed = errors.New("raft: malformed message")
	// ErrNotApplied: a snapshot reaches beyond what was applied.
	ErrNotApplied = errors.New("raft: snapshot is ahead of what was applied")
)
