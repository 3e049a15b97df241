package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"raftkv/client"
)

// remote are the flags of every command that talks to a cluster.
type remote struct {
	Nodes     []string      `env:"RAFTKV_NODES" default:"127.0.0.1:7001,127.0.0.1:7002,127.0.0.1:7003,127.0.0.1:7004,127.0.0.1:7005" placeholder:"HOST:PORT,..." help:"Client addresses of the nodes; any member leads to the others (${default})."`
	OnlyNodes bool          `env:"RAFTKV_ONLY_NODES" help:"Keep to --nodes: never go on to an address that a member advertises. For --nodes that are proxies."`
	Timeout   time.Duration `default:"5s" help:"Give up after this long (${default})."`
	JSON      bool          `name:"json" help:"Print JSON."`
}

// AfterApply is called by kong.
func (r *remote) AfterApply() error {
	if r.Timeout <= 0 {
		return fmt.Errorf("--timeout must be more than 0, not %s", r.Timeout)
	}
	return nil
}

// connect prepares a client.
func (r *remote) connect() (*client.Client, error) {
	return client.New(client.Config{Nodes: r.Nodes, OnlyNodes: r.OnlyNodes, RequestTimeout: r.Timeout})
}

// with runs f with a client, and a context that ends after the timeout.
func (r *remote) with(ctx context.Context, f func(context.Context, *client.Client) error) error {
	cl, err := r.connect()
	if err != nil {
		return err
	}
	defer func() { _ = cl.Close() }() // its only error is a second Close
	ctx, cancel := context.WithTimeout(ctx, r.Timeout)
	defer cancel()
	return f(ctx, cl)
}

// printer writes a command's result, and reads what a flag takes from standard
// input.
type printer struct {
	w  io.Writer
	in io.Reader
}

// result prints v as one line of JSON, or else the text.
func (p *printer) result(asJSON bool, v any, text string) error {
	if asJSON {
		return json.NewEncoder(p.w).Encode(v)
	}
	_, err := fmt.Fprintln(p.w, text)
	return err
}
