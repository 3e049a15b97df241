//go:build raftkv_faults

package levers

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Register adds the levers to the admin port. Both pages show how they stand,
// and a POST pulls those that it names.
func Register(mux *http.ServeMux) {
	mux.HandleFunc("GET /test/clock", showClock)
	mux.HandleFunc("POST /test/clock", pull(pullClock, showClock))
	mux.HandleFunc("GET /test/network", showNetwork)
	mux.HandleFunc("POST /test/network", pull(pullNetwork, showNetwork))
}

func pull(do func(url.Values) error, show http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := do(r.URL.Query()); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		show(w, r)
	}
}

// pullClock takes jump, a duration ahead, and percent, the speed.
func pullClock(q url.Values) error {
	jump, percent := time.Duration(0), 0
	var err error
	if v := q.Get("jump"); v != "" {
		if jump, err = time.ParseDuration(v); err != nil || jump < 0 {
			return fmt.Errorf("jump=%q: give a duration ahead", v)
		}
	}
	if v := q.Get("percent"); v != "" {
		if percent, err = strconv.Atoi(v); err != nil || percent < 10 || percent > 1000 {
			return fmt.Errorf("percent=%q: give a number from 10 to 1000", v)
		}
	}
	turn(jump, int64(percent))
	return nil
}

func showClock(w http.ResponseWriter, _ *http.Request) {
	clock.Lock()
	defer clock.Unlock()
	_ = json.NewEncoder(w).Encode(map[string]int64{"now_ns": now().UnixNano(), "percent": clock.percent})
}

// pullNetwork takes lost, duplicated and reordered, each a percentage.
func pullNetwork(q url.Values) error {
	network.Lock()
	defer network.Unlock()
	for name, percent := range map[string]*int{
		"lost": &network.LostPercent, "duplicated": &network.DuplicatedPercent, "reordered": &network.ReorderedPercent,
	} {
		if !q.Has(name) {
			continue
		}
		n, err := strconv.Atoi(q.Get(name))
		if err != nil || n < 0 || n > 100 {
			return fmt.Errorf("%s=%q: give a number from 0 to 100", name, q.Get(name))
		}
		*percent = n
	}
	return nil
}

func showNetwork(w http.ResponseWriter, _ *http.Request) {
	network.Lock()
	defer network.Unlock()
	_ = json.NewEncoder(w).Encode(network.fates)
}
