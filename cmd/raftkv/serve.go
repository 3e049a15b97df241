package main

import (
	"context"
	"os/signal"
	"syscall"

	"raftkv/node"
)

// serveCmd runs one node until it is told to stop or cannot go on.
type serveCmd struct {
	node.Config `embed:""`
}

// Run serves until SIGTERM or SIGINT, then hands leadership over and stops; a
// second signal ends the process at once.
func (c *serveCmd) Run() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	c.Version = version()
	n, err := node.Start(c.Config)
	if err != nil {
		return err
	}
	select {
	case <-n.Done():
	case <-ctx.Done():
		stop()
		leaving, cancel := context.WithTimeout(context.Background(), 2*c.ElectionTimeout)
		n.Leave(leaving)
		cancel()
	}
	n.Stop()
	return n.Err()
}
