package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// How long a request waits for a connection, and a pause after a failed offer.
const (
	dialPatience = time.Second
	offerPause   = 100 * time.Millisecond
	// offerPath is where a node offers a connection the other way round.
	offerPath = "/offer/"
)

// peers carries the HTTP between this node's etcd and the others'.
//
// The harness's link i to j is dialed by i, and cutting it must lose what i
// tells j, and nothing else. An etcd node sends most messages as the answer to
// a long GET of its peer, so that j would dial for what i tells. Therefore j's
// GET for i's messages waits for a connection that i has dialed and offers to
// it (offer), while everything else goes over connections of the sender's own.
type peers struct {
	id      int
	links   map[int]string
	proxy   net.Listener // etcd's requests to its peers
	own     net.Listener // what the peers send here
	offered map[int]chan net.Conn
}

func newPeers(f flags) (*peers, error) {
	p := &peers{id: f.id, links: f.peers, offered: map[int]chan net.Conn{}}
	for id := range f.peers {
		p.offered[id] = make(chan net.Conn, 4)
	}
	var err error
	if p.proxy, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("listen for etcd's own requests: %w", err)
	}
	if p.own, err = net.Listen("tcp", f.peer); err != nil {
		return nil, fmt.Errorf("listen for peers: %w", err)
	}
	go func() { _ = http.Serve(p.proxy, p.outgoing()) }()
	return p, nil
}

// serve lets the others in, to the etcd that listens at local, and offers
// connections to each of them until ctx ends.
func (p *peers) serve(ctx context.Context, local string) {
	in := through(func(*http.Request) *url.URL { return &url.URL{Scheme: "http", Host: local} }, nil)
	mux := http.NewServeMux()
	mux.Handle("/", in)
	mux.HandleFunc(offerPath, p.accept)
	s := &http.Server{Handler: mux, Protocols: new(http.Protocols)}
	s.Protocols.SetHTTP1(true)
	s.Protocols.SetUnencryptedHTTP2(true) // the harness's probe of a link is a ping of HTTP/2
	go func() { _ = s.Serve(p.own) }()
	for id := range p.links {
		if id != p.id {
			go p.offerAll(ctx, id, in)
		}
	}
}

// outgoing sends a request of this node's etcd on its way.
func (p *peers) outgoing() http.Handler {
	same := func(r *http.Request) *url.URL { return r.URL }
	dial := through(same, func(ctx context.Context, _, host string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, dialPatience)
		defer cancel()
		return new(net.Dialer).DialContext(ctx, "tcp", p.links[peerNumber(host)])
	})
	take := through(same, func(ctx context.Context, _, host string) (net.Conn, error) {
		return p.take(ctx, peerNumber(host))
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/raft/stream") {
			take.ServeHTTP(w, r)
			return
		}
		dial.ServeHTTP(w, r)
	})
}

// through forwards requests, and answers piece by piece as they come.
func through(to func(*http.Request) *url.URL, dial func(context.Context, string, string) (net.Conn, error)) http.Handler {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			u := to(r.In)
			r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = u.Scheme, u.Host, u.Host
		},
		Transport:     &http.Transport{DialContext: dial, DisableKeepAlives: dial == nil, MaxIdleConnsPerHost: 8, IdleConnTimeout: time.Second},
		FlushInterval: -1,
		ErrorHandler:  func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
}

// take waits for a connection that the peer has offered.
func (p *peers) take(ctx context.Context, id int) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialPatience)
	defer cancel()
	select {
	case c := <-p.offered[id]:
		return c, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("node %d offers no connection: %w", id, ctx.Err())
	}
}

// accept takes a connection that a peer offers: from here on this node asks on
// it, and the peer answers.
func (p *peers) accept(w http.ResponseWriter, r *http.Request) {
	offers := p.offered[peerNumber(strings.TrimPrefix(r.URL.Path, offerPath))]
	h, ok := w.(http.Hijacker)
	if offers == nil || !ok {
		http.Error(w, "no such node", http.StatusBadRequest)
		return
	}
	conn, _, err := h.Hijack()
	if err != nil {
		return
	}
	if _, err := conn.Write([]byte("HTTP/1.1 101 Switching Protocols\r\n\r\n")); err != nil {
		conn.Close()
		return
	}
	select {
	case offers <- conn:
	default: // more than it could use
		conn.Close()
	}
}

// offerAll keeps one unused connection on offer to the peer.
func (p *peers) offerAll(ctx context.Context, id int, in http.Handler) {
	for ctx.Err() == nil {
		if err := p.offer(ctx, id, in); err != nil {
			select {
			case <-ctx.Done():
			case <-time.After(offerPause):
			}
		}
	}
}

// offer dials the peer, and returns when it uses the connection, or it broke.
func (p *peers) offer(ctx context.Context, id int, in http.Handler) error {
	ctx, cancel := context.WithTimeout(ctx, dialPatience)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", p.links[id])
	if err != nil {
		return err
	}
	_ = conn.SetDeadline(time.Now().Add(dialPatience))
	if err := shake(conn, offerPath+peerHost(p.id)); err != nil {
		conn.Close()
		return err
	}
	_ = conn.SetDeadline(time.Time{})
	return answerOn(conn, in)
}

// answerOn serves requests on the connection. It returns nil when the first
// one comes, and an error if the connection ends without any.
func answerOn(conn net.Conn, in http.Handler) error {
	var used atomic.Bool
	first, gone := make(chan struct{}), make(chan struct{})
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if used.CompareAndSwap(false, true) {
			close(first)
		}
		in.ServeHTTP(w, r)
	})}
	s.ConnState = func(_ net.Conn, st http.ConnState) {
		if st == http.StateClosed {
			close(gone)
		}
	}
	_ = s.Serve(&single{conn: conn}) // returns at once; the connection is served on
	select {
	case <-first:
		return nil
	case <-gone:
		return errors.New("the connection broke before it was used")
	}
}

// shake asks for the connection to be turned round. It reads not one byte more
// than the answer: what follows is the peer's first request.
func shake(conn net.Conn, path string) error {
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: offer\r\n\r\n", path); err != nil {
		return err
	}
	const answer = "HTTP/1.1 101 Switching Protocols\r\n\r\n"
	got := make([]byte, len(answer))
	for n := 0; n < len(got); {
		m, err := conn.Read(got[n:])
		if err != nil {
			return err
		}
		n += m
	}
	if string(got) != answer {
		return errors.New("the peer takes no connection")
	}
	return nil
}

// single is a listener with one connection.
type single struct{ conn net.Conn }

func (l *single) Accept() (net.Conn, error) {
	if l.conn == nil {
		return nil, http.ErrServerClosed
	}
	c := l.conn
	l.conn = nil
	return c, nil
}

func (l *single) Close() error   { return nil }
func (l *single) Addr() net.Addr { return &net.TCPAddr{} }
