package fault

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"raftkv/harness/cluster"
)

// lever is what a node built for testing tells of one of its levers.
type lever struct {
	// NowNS and Percent are the clock's.
	NowNS   int64 `json:"now_ns"`
	Percent int   `json:"percent"`
	// The rest are the network's: what is to befall messages, and has befallen.
	LostPercent       int    `json:"lost_percent"`
	DuplicatedPercent int    `json:"duplicated_percent"`
	ReorderedPercent  int    `json:"reordered_percent"`
	Lost              uint64 `json:"lost"`
	Duplicated        uint64 `json:"duplicated"`
	Reordered         uint64 `json:"reordered"`
	// asked and told are when the question went out and the answer was there.
	asked, told time.Time
}

const (
	clockPage   = "/test/clock"
	networkPage = "/test/network"
)

var errNotForTesting = errors.New("the node is not built for testing (go build -tags raftkv_faults)")

// pages is the client of levers. It keeps no connection: a node may be another
// process by the next call.
var pages = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// look reads a lever, and pull pulls it; query names how.
func look(ctx context.Context, c cluster.Cluster, id int, page string) (lever, error) {
	return askLever(ctx, c, id, http.MethodGet, page)
}

func pull(ctx context.Context, c cluster.Cluster, id int, page, query string) (lever, error) {
	return askLever(ctx, c, id, http.MethodPost, page+"?"+query)
}

func askLever(ctx context.Context, c cluster.Cluster, id int, method, page string) (l lever, err error) {
	ctx, cancel := context.WithTimeout(ctx, cluster.NodeTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, c.AdminURL(id)+page, nil)
	if err != nil {
		return l, err
	}
	l.asked = time.Now()
	resp, err := pages.Do(req)
	if err != nil {
		return l, err
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		return l, errNotForTesting
	default:
		return l, fmt.Errorf("%s %s: %s", method, page, resp.Status)
	}
	err = json.NewDecoder(resp.Body).Decode(&l)
	l.told = time.Now()
	return l, err
}

// forTesting is the need of faults that are pulled inside the node.
func forTesting() Need {
	return Need{Name: "a build for testing", Probe: func(ctx context.Context, c cluster.Cluster) error {
		for _, id := range c.Nodes() {
			if s, err := c.State(ctx, id); err != nil || s.Phase != cluster.Running {
				continue
			}
			_, err := look(ctx, c, id, clockPage)
			return err
		}
		return errors.New("no node runs that could be asked")
	}}
}
