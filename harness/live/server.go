package live

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

//go:embed page.html
var page []byte

// headerPatience bounds how long a browser may take to say what it wants.
const headerPatience = 5 * time.Second

// Server serves the page and tells every browser that looks at it what changed.
// Safe for concurrent use.
type Server struct {
	listener net.Listener
	http     *http.Server

	mu      sync.Mutex
	last    []byte
	changed chan struct{} // closed at the next change
	closed  chan struct{}
}

// Listen serves at 127.0.0.1:port; 0 is any free port.
func Listen(port int) (*Server, error) {
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return nil, fmt.Errorf("serve the live page (another --live-port, or 0, takes a free one): %w", err)
	}
	s := &Server{listener: l, last: []byte("{}"), changed: make(chan struct{}), closed: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.page)
	mux.HandleFunc("GET /events", s.events)
	s.http = &http.Server{Handler: mux, ReadHeaderTimeout: headerPatience}
	go func() { _ = s.http.Serve(l) }() // ends with Close
	return s, nil
}

// URL is where the page is.
func (s *Server) URL() string { return "http://" + s.listener.Addr().String() + "/" }

// Show makes the page show v. It never waits for a browser: one that is slow
// misses what was in between.
func (s *Server) Show(v View) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("show the run: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = data
	close(s.changed)
	s.changed = make(chan struct{})
	return nil
}

// Close ends the page. It may be called once.
func (s *Server) Close() error {
	close(s.closed)
	if err := s.http.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("close the live page: %w", err)
	}
	return nil
}

func (s *Server) page(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(page)
}

// now gives what is shown and a channel that is closed when that changes.
func (s *Server) now() ([]byte, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last, s.changed
}

// events streams views as server-sent events.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	flush := http.NewResponseController(w)
	for {
		data, changed := s.now()
		if _, err := fmt.Fprintf(w, "data: %s\n\n", data); err != nil {
			return
		}
		if err := flush.Flush(); err != nil {
			return
		}
		select {
		case <-changed:
		case <-r.Context().Done():
			return
		case <-s.closed:
			return
		}
	}
}
