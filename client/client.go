package client

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// closeTimeout bounds what Close spends on ending the session.
const closeTimeout = 500 * time.Millisecond

// Client is a connection to a cluster. Any number of goroutines may use it at
// once, and sharing one is what makes it fast: their requests travel together.
type Client struct {
	cfg      Config
	ctx      context.Context
	cancel   context.CancelFunc
	router   *router
	sessions *sessions
}

// New prepares a client. It does not connect: a cluster that cannot be reached
// shows at the first call. The caller owes it a Close.
func New(cfg Config) (*Client, error) {
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	c := &Client{cfg: cfg.withDefaults()}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	r, err := newRouter(c.ctx, c.cfg)
	if err != nil {
		c.cancel()
		return nil, fmt.Errorf("client: %w", err)
	}
	c.router = r
	c.sessions = &sessions{client: c}
	return c, nil
}

// Close ends the session, if the cluster is within reach, and all connections.
// Writes still in flight end as ErrUnknown, everything later as ErrClosed.
func (c *Client) Close() error {
	if c.ctx.Err() != nil {
		return errors.New("client: closed twice")
	}
	ctx, cancel := context.WithTimeout(c.ctx, closeTimeout)
	defer cancel()
	c.sessions.close(ctx)
	c.cancel()
	c.router.close()
	return nil
}

// bounded gives a context without a deadline the default one.
func (c *Client) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, c.cfg.RequestTimeout)
}
