package node

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"raftkv/node/failpoint"
	"raftkv/node/levers"
)

// adminTimeout bounds how long an admin request waits for the loop.
const adminTimeout = time.Second

// adminHandler serves health, metrics and status, and a page that shows these.
func (n *Node) adminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", n.servePage)
	mux.HandleFunc("GET /healthz", n.serveHealth)
	mux.HandleFunc("GET /readyz", n.serveReady)
	mux.HandleFunc("GET /status", n.serveStatus)
	failpoint.Routes(mux)
	mux.Handle("GET /metrics", promhttp.HandlerFor(n.metrics.registry, promhttp.HandlerOpts{}))
	levers.Register(mux)
	return mux
}

// serveHealth says that the process lives and its loop turns.
func (n *Node) serveHealth(w http.ResponseWriter, r *http.Request) {
	if _, err := n.statusFor(r); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	_, _ = fmt.Fprintln(w, "ok")
}

// serveReady says that the node knows a leader and has caught up with it once.
func (n *Node) serveReady(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), adminTimeout)
	defer cancel()
	if err := n.checkReady(ctx); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	_, _ = fmt.Fprintln(w, "ready")
}

func (n *Node) serveStatus(w http.ResponseWriter, r *http.Request) {
	s, err := n.statusFor(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	_ = enc.Encode(s) // the reader may have gone
}

func (n *Node) statusFor(r *http.Request) (Status, error) {
	ctx, cancel := context.WithTimeout(r.Context(), adminTimeout)
	defer cancel()
	return n.Status(ctx)
}
