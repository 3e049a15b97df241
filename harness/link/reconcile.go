package link

import (
	"context"
	"fmt"
	"slices"

	toxiproxy "github.com/Shopify/toxiproxy/v2/client"
)

// reconcile makes the proxy look as wanted and reads it back. New toxics go in
// before old ones come out, so that a change from one fault to another never
// lets bytes through in between. A proxy that is to refuse is closed and keeps its
// toxics; when it is to work again it is made anew. For Toxiproxy takes seconds to
// take a toxic off a connection that is closed, and may never do it. One that goes
// from a drop to another fault is made anew too: a drop closes its connections when it
// comes off, and Toxiproxy then loses count of the toxics behind it, so that the
// connections stay and its next edit panics.
func (l *Link) reconcile(ctx context.Context, want setting) error {
	p, err := l.fetch(ctx)
	switch {
	case err != nil:
		return err
	case !want.enabled:
		err = l.refuse(ctx, p)
	case !p.Enabled || len(want.toxics) > 0 && dropsBeside(p.ActiveToxics, want.toxics):
		err = l.reopen(ctx, p, want)
	default:
		err = l.changeToxics(ctx, p, want.toxics)
	}
	if err != nil {
		return err
	}
	return l.readBack(ctx, want)
}

// dropsBeside tells whether a drop is among the toxics that are not wanted.
func dropsBeside(active toxiproxy.Toxics, want []toxic) bool {
	return slices.ContainsFunc(active, func(a toxiproxy.Toxic) bool {
		wanted := slices.ContainsFunc(want, func(w toxic) bool { return w.name == a.Name })
		return a.Type == dropType && !wanted
	})
}

func (l *Link) refuse(ctx context.Context, p *toxiproxy.Proxy) error {
	if !p.Enabled {
		return nil
	}
	return l.enable(ctx, p, false)
}

// reopen puts a new proxy in the place of the old one, whose connections are closed. It
// gets its toxics while it still refuses, so that no byte passes without them.
func (l *Link) reopen(ctx context.Context, p *toxiproxy.Proxy, want setting) error {
	if _, err := bounded(ctx, "remove proxy "+l.name, func() (any, error) { return nil, p.Delete() }); err != nil {
		return err
	}
	proxies := []toxiproxy.Proxy{{Name: l.name, Listen: l.end.Listen, Upstream: l.end.Upstream, Enabled: false}}
	if _, err := bounded(ctx, "make proxy "+l.name, func() ([]*toxiproxy.Proxy, error) { return l.set.api.Populate(proxies) }); err != nil {
		return err
	}
	fresh, err := l.fetch(ctx)
	if err != nil {
		return err
	}
	if err := l.changeToxics(ctx, fresh, want.toxics); err != nil {
		return err
	}
	return l.enable(ctx, fresh, true)
}

// changeToxics adds the wanted toxics that are missing, then removes the rest.
func (l *Link) changeToxics(ctx context.Context, p *toxiproxy.Proxy, want []toxic) error {
	extra := map[string]bool{}
	for _, t := range p.ActiveToxics {
		extra[t.Name] = true
	}
	for _, t := range want {
		if extra[t.name] {
			delete(extra, t.name)
			continue
		}
		if err := l.add(ctx, p, t); err != nil {
			return err
		}
	}
	for name := range extra {
		if err := l.remove(ctx, p, name); err != nil {
			return err
		}
	}
	return nil
}

// readBack compares what the API says with what is wanted.
func (l *Link) readBack(ctx context.Context, want setting) error {
	p, err := l.fetch(ctx)
	if err != nil {
		return err
	}
	if p.Enabled != want.enabled {
		return fmt.Errorf("read back %s: enabled is %t, wanted %t", l.name, p.Enabled, want.enabled)
	}
	if !want.enabled {
		return nil
	}
	if len(p.ActiveToxics) != len(want.toxics) {
		return fmt.Errorf("read back %s: %d toxics, wanted %d", l.name, len(p.ActiveToxics), len(want.toxics))
	}
	for _, t := range want.toxics {
		if !present(p.ActiveToxics, t) {
			return fmt.Errorf("read back %s: toxic %s %v is missing or different", l.name, t.name, t.attrs)
		}
	}
	return nil
}

// present says whether the toxic is there with those very attributes. A
// toxicity under 1 would let some connections through.
func present(active toxiproxy.Toxics, want toxic) bool {
	for _, t := range active {
		if t.Name == want.name && t.Type == want.kind && t.Stream == want.stream {
			return t.Toxicity == 1 && sameAttrs(t.Attributes, want.attrs)
		}
	}
	return false
}

// sameAttrs compares attributes; the API's numbers come back as float64.
func sameAttrs(got toxiproxy.Attributes, want map[string]int64) bool {
	for k, v := range want {
		if f, ok := got[k].(float64); !ok || int64(f) != v {
			return false
		}
	}
	return true
}
