package link

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2/client"

	"raftkv/harness/proof"
)

// ErrProxyLost means that Toxiproxy no longer has all proxies: it was started
// anew behind our back. It is a harness error; Recover builds them again.
var ErrProxyLost = errors.New("toxiproxy lost its proxies")

// Endpoint is where one link's proxy listens and leads.
type Endpoint struct {
	// Listen is the address the proxy binds, as Toxiproxy sees it.
	Listen string
	// Upstream is the receiving node, as Toxiproxy dials it.
	Upstream string
	// Dial is the proxy's address, as this program dials it.
	Dial string
}

// Config says what a Set needs from the cluster it belongs to.
type Config struct {
	// API is the address of Toxiproxy's HTTP API.
	API string
	// Nodes lists the node ids.
	Nodes []int
	// Endpoint gives the addresses of the link; from is FromClients for a
	// client link.
	Endpoint func(from, to int) Endpoint
	// Alive says whether the node would answer without any proxy in between.
	Alive func(ctx context.Context, id int) bool
	// Restart gives a Toxiproxy without proxies at the same addresses.
	Restart func(ctx context.Context) error
}

// Set is all links of a cluster. Safe for use by several goroutines.
type Set struct {
	cfg   Config
	api   *toxiproxy.Client
	links []*Link
	// mu keeps whole-set calls apart from those of single links.
	mu sync.RWMutex
	// watch is told of every change; see Watch.
	watch atomic.Pointer[func(l *Link, state string)]
}

// New makes every proxy, healthy. Toxiproxy must be running.
func New(ctx context.Context, cfg Config) (*Set, error) {
	s := &Set{cfg: cfg, api: toxiproxy.NewClient(cfg.API)}
	for _, from := range append([]int{FromClients}, cfg.Nodes...) {
		for _, to := range cfg.Nodes {
			if from != to {
				s.links = append(s.links, &Link{set: s, name: name(from, to), from: from, to: to, end: cfg.Endpoint(from, to)})
			}
		}
	}
	return s, s.populate(ctx)
}

func name(from, to int) string {
	if from == FromClients {
		return fmt.Sprintf("c->%d", to)
	}
	return fmt.Sprintf("%d->%d", from, to)
}

// populate makes the proxies in one call.
func (s *Set) populate(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	var proxies []toxiproxy.Proxy
	for _, l := range s.links {
		proxies = append(proxies, toxiproxy.Proxy{Name: l.name, Listen: l.end.Listen, Upstream: l.end.Upstream, Enabled: true})
	}
	made, err := bounded(ctx, "make the proxies", func() ([]*toxiproxy.Proxy, error) { return s.api.Populate(proxies) })
	if err != nil {
		return err
	}
	if len(made) != len(proxies) {
		return fmt.Errorf("make the proxies: %d of %d made", len(made), len(proxies))
	}
	return nil
}

// Watch has tell told what a link is made to be, in the words of Link.Now, each
// time that something is done to it, and before that is proved. Changes of one
// link come one after the other, those of several at once. tell must not use the
// links. It takes the place of an earlier one.
func (s *Set) Watch(tell func(l *Link, state string)) { s.watch.Store(&tell) }

// All gives every link, the client links first.
func (s *Set) All() []*Link { return slices.Clone(s.links) }

// Peers gives the links between nodes.
func (s *Set) Peers() []*Link {
	return s.filter(func(l *Link) bool { return l.from != FromClients })
}

// Into gives the links that lead from other nodes to the node.
func (s *Set) Into(id int) []*Link {
	return s.filter(func(l *Link) bool { return l.from != FromClients && l.to == id })
}

// From gives the links that lead from the node to others.
func (s *Set) From(id int) []*Link {
	return s.filter(func(l *Link) bool { return l.from == id })
}

// Peer gives the link between two nodes, or nil if there is none.
func (s *Set) Peer(from, to int) *Link {
	return s.first(func(l *Link) bool { return l.from == from && l.to == to && from != FromClients })
}

// Client gives the link from the clients to the node, or nil if there is none.
func (s *Set) Client(to int) *Link {
	return s.first(func(l *Link) bool { return l.from == FromClients && l.to == to })
}

func (s *Set) filter(keep func(*Link) bool) []*Link {
	var out []*Link
	for _, l := range s.links {
		if keep(l) {
			out = append(out, l)
		}
	}
	return out
}

func (s *Set) first(keep func(*Link) bool) *Link {
	if i := slices.IndexFunc(s.links, keep); i >= 0 {
		return s.links[i]
	}
	return nil
}

// HealAll heals every link, at once.
func (s *Set) HealAll(ctx context.Context) (proof.Evidence, error) {
	return Each(ctx, "heal", "all links", s.links, (*Link).Heal)
}

// Each does op on the links at the same time and joins what came of it. The
// error joins those of the links.
func Each(ctx context.Context, action, target string, links []*Link, op func(*Link, context.Context) (proof.Evidence, error)) (proof.Evidence, error) {
	start := time.Now()
	parts, errs := make([]proof.Evidence, len(links)), make([]error, len(links))
	var wg sync.WaitGroup
	for i, l := range links {
		wg.Go(func() { parts[i], errs[i] = op(l, ctx) })
	}
	wg.Wait()
	e := proof.Join(action, target, parts...)
	e.Took = time.Since(start)
	return e, errors.Join(errs...)
}

// Check says whether Toxiproxy answers and has every proxy.
func (s *Set) Check(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	have, err := bounded(ctx, "list the proxies", s.api.Proxies)
	if err != nil {
		return err
	}
	for _, l := range s.links {
		if have[l.name] == nil {
			return fmt.Errorf("%w: %s is gone", ErrProxyLost, l.name)
		}
	}
	return nil
}

// Recover gets a fresh Toxiproxy and makes every proxy anew, healthy, after
// ErrWedged or ErrProxyLost. Connections through the old one are lost and so
// are all faults: the run that needed it has a harness error to report.
func (s *Set) Recover(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.cfg.Restart(ctx); err != nil {
		return fmt.Errorf("restart toxiproxy: %w", err)
	}
	// Toxiproxy's client uses the default transport, which may still hold
	// connections to the old server; a POST on one of those is not retried.
	http.DefaultClient.CloseIdleConnections()
	for _, l := range s.links {
		l.layers = nil // no operation runs: each holds s.mu while it does
		l.became("")
	}
	return s.populate(ctx)
}
