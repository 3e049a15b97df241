package main

import (
	"errors"
	"fmt"
	"io"

	"raftkv/client"
)

// Exit codes.
const (
	exitDone     = 0
	exitNotDone  = 1
	exitUnknown  = 3
	exitNotFound = 4
)

var (
	// errNotFound: get found no such key.
	errNotFound = errors.New("no such key")
	// errSaid: the command failed, and has printed why.
	errSaid = errors.New("already said")
)

// advised is an error with advice of its own.
type advised struct {
	error
	what string
}

// Unwrap gives the error without it.
func (a advised) Unwrap() error { return a.error }

// advice says what to do about an error; the first that matches counts.
var advice = []struct {
	err  error
	what string
}{
	{client.ErrUnknown, "read the key to find out before writing again"},
	{client.ErrTooLarge, "the limits are the nodes' --max-key-bytes and --max-value-bytes"},
	{client.ErrOverloaded, "send less at once"},
	{client.ErrNotNow, "try again; raftkv member list shows who is behind"},
	{client.ErrLeaderUnreached, "give --nodes an address at which this machine reaches it, or the node --advertise-client"},
	{client.ErrNoLeader, "a majority of the nodes must run and reach each other"},
	{client.ErrTooStale, "ask for a longer --max-staleness, or other nodes"},
	{client.ErrUnavailable, "check --nodes, and that the nodes run"},
}

// report prints err for a user, and returns the exit code that tells its kind.
func report(stderr io.Writer, err error) int {
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errSaid):
		return exitNotDone
	case errors.Is(err, errNotFound):
		fmt.Fprintln(stderr, "raftkv:", err)
		return exitNotFound
	}
	fmt.Fprintln(stderr, "raftkv:", withAdvice(err))
	if errors.Is(err, client.ErrUnknown) {
		return exitUnknown
	}
	return exitNotDone
}

func withAdvice(err error) string {
	if a, ok := errors.AsType[advised](err); ok {
		return err.Error() + "; " + a.what
	}
	for _, a := range advice {
		if errors.Is(err, a.err) {
			return err.Error() + "; " + a.what
		}
	}
	return err.Error()
}
