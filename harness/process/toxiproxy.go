package process

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"

	"raftkv/harness/corrupt"
	"raftkv/harness/hold"
)

// proxyServer is an embedded Toxiproxy with its HTTP API on a fixed address, so
// that the package link speaks to it as to one in a container.
type proxyServer struct {
	addr string
	mu   sync.Mutex
	api  *toxiproxy.ApiServer
	http *http.Server
}

// startProxyServer listens on addr.
func startProxyServer(addr string) (*proxyServer, error) {
	// Toxics log to the package's global logger, whatever logger the server has.
	zerolog.SetGlobalLevel(zerolog.Disabled)
	p := &proxyServer{addr: addr}
	return p, p.open()
}

func (p *proxyServer) open() error {
	l, err := net.Listen("tcp", p.addr)
	if err != nil {
		return fmt.Errorf("listen for toxiproxy's API: %w", err)
	}
	hold.Register()
	corrupt.Register()
	p.api = toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	p.http = &http.Server{Handler: p.api.Routes(), ReadHeaderTimeout: time.Second}
	go func(s *http.Server) { _ = s.Serve(l) }(p.http)
	return nil
}

// close ends the API and every proxy. A wedged proxy's listener closes all the
// same, so the wait for it is bounded by ctx and its leftovers harm nobody.
func (p *proxyServer) close(ctx context.Context) error {
	err := p.http.Close()
	var wg sync.WaitGroup
	for _, proxy := range p.api.Collection.Proxies() {
		wg.Go(proxy.Stop)
	}
	stopped := make(chan struct{})
	go func() { wg.Wait(); close(stopped) }()
	select {
	case <-stopped:
		return err
	case <-ctx.Done():
		return errors.Join(err, fmt.Errorf("stop the proxies: %w", ctx.Err()))
	}
}

// wedgeGrace is how long a restart waits for old proxies to stop.
const wedgeGrace = 2 * time.Second

// restart gives a server without proxies on the same address.
func (p *proxyServer) restart(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, wedgeGrace)
	defer cancel()
	_ = p.close(ctx) // wedged proxies are why we are here
	return p.open()
}

// shutdown is close for the end of the cluster.
func (p *proxyServer) shutdown(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.close(ctx)
}
