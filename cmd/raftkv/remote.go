package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"time"
	"unicode/utf8"

	"raftkv/client"
)

// remote are the flags of every command that talks to a cluster.
type remote struct {
	Nodes   []string      `env:"RAFTKV_NODES" default:"127.0.0.1:7001,127.0.0.1:7002,127.0.0.1:7003,127.0.0.1:7004,127.0.0.1:7005" placeholder:"HOST:PORT,..." help:"Client addresses of the nodes (${default})."`
	Timeout time.Duration `default:"5s" help:"Give up after this long (${default})."`
	JSON    bool          `name:"json" help:"Print JSON."`
}

// AfterApply is called by kong.
func (r *remote) AfterApply() error {
	if r.Timeout <= 0 {
		return fmt.Errorf("--timeout must be more than 0, not %s", r.Timeout)
	}
	return nil
}

// connect prepares a client. A single address need not be the leader's: then
// the address that the leader advertises is tried too.
func (r *remote) connect() (*client.Client, error) {
	return client.New(client.Config{
		Nodes: r.Nodes, RequestTimeout: r.Timeout, Discover: len(r.Nodes) == 1,
	})
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

// printer writes a command's result.
type printer struct{ w io.Writer }

// result prints v as one line of JSON, or else the text.
func (p *printer) result(asJSON bool, v any, text string) error {
	if asJSON {
		return json.NewEncoder(p.w).Encode(v)
	}
	_, err := fmt.Fprintln(p.w, text)
	return err
}

// jsonValue is a value in JSON: as it is if it is text, in base64 if not.
type jsonValue struct {
	Value  *string `json:"value,omitempty"`
	Base64 string  `json:"value_base64,omitempty"`
}

func newJSONValue(v []byte) jsonValue {
	if !utf8.Valid(v) {
		return jsonValue{Base64: base64.StdEncoding.EncodeToString(v)}
	}
	s := string(v)
	return jsonValue{Value: &s}
}
