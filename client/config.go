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
	// Nodes are the client addresses, host:port, of some or all nodes. A leader
	// that is not among them can only be reached with Discover.
	Nodes []string
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
	// Discover also dials the address that a leader advertises when none of
	// Nodes is that leader. It would go round a proxy, so it is off by default.
	Discover bool

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
