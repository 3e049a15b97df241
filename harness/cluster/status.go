package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Status is a node's own view, as its admin page shows it.
type Status struct {
	ID            int    `json:"id"`
	Cluster       string `json:"cluster"`
	Version       string `json:"version"`
	Role          string `json:"role"`
	Term          uint64 `json:"term"`
	Leader        int    `json:"leader"`
	Commit        uint64 `json:"commit"`
	Applied       uint64 `json:"applied"`
	LastIndex     uint64 `json:"last_index"`
	FirstIndex    uint64 `json:"first_index"`
	SnapshotIndex uint64 `json:"snapshot_index"`
	Lag           uint64 `json:"lag"`
	Keys          int64  `json:"keys"`
	Sessions      int64  `json:"sessions"`
	ReadsByLease  uint64 `json:"reads_by_lease"`
	// Incarnation is of the node's data folder: an empty folder gets another one.
	// It is empty with a store that has none.
	Incarnation string `json:"incarnation,omitempty"`
	// ChecksBytes is what a store says that finds bytes which were bent on their way,
	// from client to client; RaftKV does, also where it does not say so.
	ChecksBytes bool `json:"checks_bytes,omitempty"`
	// Voters are the members by what this node knows; none while it waits to be
	// added.
	Voters []int                 `json:"voters"`
	Peers  map[string]PeerStatus `json:"peers,omitempty"`
}

// PeerStatus is a leader's view of a follower.
type PeerStatus struct {
	Match uint64 `json:"match"`
	Next  uint64 `json:"next"`
	State string `json:"state"`
}

// IsLeader says whether the node believes that it leads.
func (s Status) IsLeader() bool { return s.Role == "leader" }

// admin is the client of admin pages. It keeps no connection: a node may be
// another process by the next call.
var admin = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// maxPage bounds what is read of an admin page.
const maxPage = 1 << 20

// FetchStatus asks the admin page at base for the node's status, within
// StatusTimeout.
func FetchStatus(ctx context.Context, base string) (Status, error) {
	var s Status
	body, err := get(ctx, base+"/status")
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(body, &s); err != nil {
		return s, fmt.Errorf("read %s/status: %w", base, err)
	}
	return s, nil
}

// Healthy says whether the admin page at base answers that the process is alive.
func Healthy(ctx context.Context, base string) error {
	_, err := get(ctx, base+"/healthz")
	return err
}

// healthEvery spaces the looks at a node that is starting.
const healthEvery = 20 * time.Millisecond

// WaitHealthy asks until the page answers, ctx ends, or gone says that the node
// has exited and will never answer.
func WaitHealthy(ctx context.Context, base string, gone func() error) error {
	return WaitPage(ctx, base+"/healthz", gone)
}

// WaitPage asks until a page of any server answers 200, ctx ends, or gone says
// that the server has exited.
func WaitPage(ctx context.Context, url string, gone func() error) error {
	tick := time.NewTicker(healthEvery)
	defer tick.Stop()
	for {
		_, err := get(ctx, url)
		if err == nil {
			return nil
		}
		if dead := gone(); dead != nil {
			return dead
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", url, errors.Join(ctx.Err(), err))
		case <-tick.C:
		}
	}
}

func get(ctx context.Context, url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, StatusTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := admin.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxPage))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", url, err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("get %s: %s", url, resp.Status)
	}
	return body, nil
}
