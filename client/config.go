package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"
)

// Defaults of Config.
const (
	DefaultRequestTimeout = 5 * time.Second
	DefaultAttemptTimeout = time.Second
	DefaultDialTimeout    = time.Second
)

// Config says how to reach a cluster. The zero value of everything but Nodes
// will do.
type Config struct {
	// Nodes are the client addresses, host:port, of some or all nodes; any one
	// member will do. A leader that none of them leads to is reached at the
	// address that it advertises.
	Nodes []string
	// OnlyNodes keeps to Nodes: no advertised address is ever dialed. It is for
	// who reaches the nodes through proxies and must not pass them by. Without it,
	// an address in Nodes still wins over what the node behind it advertises, but
	// a proxy that was cut before it answered once cannot be known for one.
	OnlyNodes bool
	// RequestTimeout bounds a call whose context has no deadline.
	RequestTimeout time.Duration
	// AttemptTimeout is how long one sending waits for its reply before the
	// call tries elsewhere; it doubles with each further try, up to eightfold.
	AttemptTimeout time.Duration
	// DialTimeout bounds one try to connect.
	DialTimeout time.Duration
	// Logger gets changes of leader and lost connections, at debug level.
	Logger *slog.Logger
	// NoSession sends writes that cannot safely be repeated: one whose outcome
	// is unknown is not tried again, and the call returns ErrUnknown at once.
	NoSession bool

	// dial replaces the network in tests; nil is TCP.
	dial func(ctx context.Context, address string) (net.Conn, error)
}

func (c Config) withDefaults() Config {
	defaultTo(&c.RequestTimeout, DefaultRequestTimeout)
	defaultTo(&c.AttemptTimeout, DefaultAttemptTimeout)
	defaultTo(&c.DialTimeout, DefaultDialTimeout)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

func defaultTo(d *time.Duration, v time.Duration) {
	if *d <= 0 {
		*d = v
	}
}

func (c Config) validate() error {
	if len(c.Nodes) == 0 {
		return errors.New("no nodes given: name at least one host:port")
	}
	seen := make(map[string]bool)
	for _, n := range c.Nodes {
		if host, port, err := net.SplitHostPort(n); err != nil || host == "" || port == "" {
			return fmt.Errorf("node %q is not host:port", n)
		}
		if seen[n] {
			return fmt.Errorf("node %q is named twice", n)
		}
		seen[n] = true
	}
	return nil
}
