// Etcdnode is a node of etcd as the harness runs nodes: it takes the flags that
// raftkv serve takes, and serves /healthz and /status on its admin port.
//
// The messages from one node to another go over the harness's link between the
// two, and over no other: see peers.go. It is there for tests alone.
package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	if err := serve(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "etcdnode:", err)
		os.Exit(1)
	}
}

// serve runs a node until a signal ends it.
func serve(args []string) error {
	f, err := parse(args)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	p, err := newPeers(f)
	if err != nil {
		return err
	}
	e, err := start(f, p)
	if err != nil {
		return err
	}
	p.serve(ctx, e.Peers[0].Addr().String())
	l, err := net.Listen("tcp", f.admin)
	if err != nil {
		return fmt.Errorf("listen for the admin pages: %w", err)
	}
	go func() { _ = http.Serve(l, pages(e.Server)) }()
	select {
	case <-ctx.Done():
		e.Close()
		return nil
	case err := <-e.Err():
		return fmt.Errorf("etcd ended: %w", err)
	}
}
