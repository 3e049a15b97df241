package fault

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"raftkv/harness/cluster"
)

// outspoken is two nodes that say something of themselves, on pages of their own.
type outspoken struct {
	cluster.Cluster
	url    string
	status cluster.Status
}

func (*outspoken) Nodes() []int             { return []int{1, 2} }
func (*outspoken) ClientAddr(int) string    { return "127.0.0.1:1" }
func (o *outspoken) AdminURL(id int) string { return fmt.Sprintf("%s/%d", o.url, id) }
func (o *outspoken) Status(context.Context, int) (cluster.Status, error) {
	return o.status, nil
}

func TestWhatTheNodesNoticedIsAddedUpWhereTheySaySo(t *testing.T) {
	pages := http.NewServeMux()
	pages.HandleFunc("/1/metrics", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "# HELP raftkv_corrupt_frames_total x\nraftkv_corrupt_frames_total{from=\"2\"} 3\nraftkv_corrupt_frames_total{from=\"3\"} 1e+01\nraftkv_corrupt_frames_total_other 7\n")
	})
	s := httptest.NewServer(pages)
	defer s.Close()
	sum, ok := noticed(t.Context(), &outspoken{url: s.URL})
	require.True(t, ok, "one has the metric")
	require.EqualValues(t, 13, sum)
	_, ok = noticed(t.Context(), &outspoken{url: s.URL + "/none"})
	require.False(t, ok)
}

// Nobody denies the admin service where nobody answers: the fault itself says more.
func TestAnotherStoreSaysThatItChecksItsBytes(t *testing.T) {
	o := &outspoken{status: cluster.Status{ChecksBytes: true}}
	require.NoError(t, checksBytes().Probe(t.Context(), o))
}
