package link

import (
	"context"
	"errors"
	"fmt"

	toxiproxy "github.com/Shopify/toxiproxy/v2/client"
)

// ErrWedged means that Toxiproxy did not answer in time: it is stuck in a dial
// or in a write to a node that does not read, or it is dead. It is a harness
// error; Recover builds the links anew.
var ErrWedged = errors.New("toxiproxy does not answer")

// bounded runs one call of Toxiproxy's client, which takes no context, and
// stops waiting for it when ctx ends. The call itself ends by the client's own
// timeout of 30 s.
func bounded[T any](ctx context.Context, what string, call func() (T, error)) (T, error) {
	type result struct {
		v   T
		err error
	}
	done := make(chan result, 1)
	go func() {
		v, err := call()
		done <- result{v, err}
	}()
	select {
	case r := <-done:
		if r.err != nil {
			return r.v, fmt.Errorf("%s: %w", what, r.err)
		}
		return r.v, nil
	case <-ctx.Done():
		var none T
		return none, fmt.Errorf("%s: %w (%w)", what, ErrWedged, ctx.Err())
	}
}

// fetch reads one proxy back.
func (l *Link) fetch(ctx context.Context) (*toxiproxy.Proxy, error) {
	return bounded(ctx, "read proxy "+l.name, func() (*toxiproxy.Proxy, error) {
		return l.set.api.Proxy(l.name)
	})
}

// enable turns the proxy on or off.
func (l *Link) enable(ctx context.Context, p *toxiproxy.Proxy, on bool) error {
	_, err := bounded(ctx, fmt.Sprintf("set proxy %s enabled=%t", l.name, on), func() (any, error) {
		if on {
			return nil, p.Enable()
		}
		return nil, p.Disable()
	})
	return err
}

// add puts the toxic on.
func (l *Link) add(ctx context.Context, p *toxiproxy.Proxy, t toxic) error {
	attrs := toxiproxy.Attributes{}
	for k, v := range t.attrs {
		attrs[k] = v
	}
	_, err := bounded(ctx, fmt.Sprintf("add toxic %s to %s", t.name, l.name), func() (*toxiproxy.Toxic, error) {
		return p.AddToxic(t.name, t.kind, t.stream, 1, attrs)
	})
	return err
}

// remove takes a toxic off.
func (l *Link) remove(ctx context.Context, p *toxiproxy.Proxy, name string) error {
	_, err := bounded(ctx, fmt.Sprintf("remove toxic %s from %s", name, l.name), func() (any, error) {
		return nil, p.RemoveToxic(name)
	})
	return err
}
