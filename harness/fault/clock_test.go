package fault_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftkv/harness/cluster"
	"raftkv/harness/fault"
	"raftkv/harness/proof"
)

// clocked is one node whose clock stands still but for the jumps.
type clocked struct {
	cluster.Cluster
	admin *httptest.Server
	now   time.Duration
}

func (*clocked) Nodes() []int          { return []int{1} }
func (c *clocked) AdminURL(int) string { return c.admin.URL }

func (*clocked) State(context.Context, int) (cluster.NodeState, error) {
	return cluster.NodeState{Phase: cluster.Running}, nil
}

// ServeHTTP is the node's page of its clock. A test's calls come one by one.
func (c *clocked) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	by, _ := time.ParseDuration(r.URL.Query().Get("jump")) // zero when it only looks
	c.now += by
	_, _ = fmt.Fprintf(w, `{"now_ns":%d,"percent":100}`, c.now)
}

// A jump no longer than the asking took could be the time that went by.
func TestAJumpThatTimeItselfCouldHaveMadeIsNoProof(t *testing.T) {
	for by, want := range map[time.Duration]proof.Outcome{
		time.Nanosecond: proof.Indeterminate,
		time.Hour:       proof.Installed,
	} {
		c := &clocked{}
		c.admin = httptest.NewServer(c)
		t.Cleanup(c.admin.Close)
		e, err := fault.ClockJump(by, 1).Inject(t.Context(), c)
		require.NoError(t, err)
		require.Equal(t, want, e.Outcome, e.Detail)
	}
}
