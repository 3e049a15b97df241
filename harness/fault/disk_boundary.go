package fault

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"raftkv/harness/cluster"
	"raftkv/harness/disk"
)

// boundaryPath is where a node built with the tag raftkv_failpoints is told what
// its log store meets: node/failpoint.
const boundaryPath = "/failpoint/disk"

// boundary is what it is told, and answers.
type boundary struct {
	Delay time.Duration `json:"delay_ns"`
	Error string        `json:"error"`
	Hits  int64         `json:"hits"`
}

// boundaryLever is the log store's boundary. What it was told goes with the
// process.
type boundaryLever struct{ c cluster.Cluster }

func (b boundaryLever) make(ctx context.Context, id int, t disk.Trouble) error {
	want := boundary{Delay: t.SyncDelay}
	switch e := max(t.SyncError, t.WriteError); {
	case t.Tear:
		return errors.New("a write cannot be torn at the log store's boundary")
	case e != 0:
		want.Error = disk.ErrnoName(e)
	}
	_, err := b.call(ctx, id, http.MethodPost, want)
	if t == (disk.Trouble{}) && b.exited(ctx, id) {
		return nil
	}
	return err
}

func (b boundaryLever) shows(ctx context.Context, id int, t disk.Trouble) (string, error) {
	got, err := b.read(ctx, id)
	if err != nil && t.SyncDelay == 0 && b.exited(ctx, id) { // a delay ends no node
		return "the node ended by it", nil
	}
	if err == nil && got.Hits == 0 {
		err = errors.New("its log store has not written since")
	}
	return fmt.Sprintf("%d calls of its log store hit", got.Hits), err
}

func (b boundaryLever) clear(ctx context.Context, id int, _ disk.Trouble) (string, error) {
	got, err := b.read(ctx, id)
	if err == nil && (got.Delay != 0 || got.Error != "") {
		err = fmt.Errorf("it still has %+v", got)
	}
	return "the node reads back no trouble", err
}

func (b boundaryLever) exited(ctx context.Context, id int) bool {
	s, err := b.c.State(ctx, id)
	return err == nil && s.Phase == cluster.Exited
}

func (b boundaryLever) read(ctx context.Context, id int) (boundary, error) {
	return b.call(ctx, id, http.MethodGet, boundary{})
}

// call asks or tells the node.
func (b boundaryLever) call(ctx context.Context, id int, method string, tell boundary) (got boundary, err error) {
	ctx, cancel := context.WithTimeout(ctx, cluster.StatusTimeout)
	defer cancel()
	body, err := json.Marshal(tell)
	if err != nil {
		return got, err
	}
	req, err := http.NewRequestWithContext(ctx, method, b.c.AdminURL(id)+boundaryPath, bytes.NewReader(body))
	if err != nil {
		return got, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return got, fmt.Errorf("node %d does not answer: %w", id, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return got, errors.New("the node was not built with the tag raftkv_failpoints")
	}
	return got, json.NewDecoder(resp.Body).Decode(&got)
}
