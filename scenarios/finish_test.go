package scenarios

import (
	"context"
	"errors"
	"net/http/httptest"
	"testing"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"raftkv/harness/cluster"
	"raftkv/harness/link"
	"raftkv/harness/recorder"
	"raftkv/harness/run"
	"raftkv/harness/workload"
)

// linked is the fake with one link, on a Toxiproxy of its own.
func linked(t *testing.T) (f *fake, restarts *int) {
	t.Helper()
	proxies := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	api := httptest.NewServer(proxies.Routes())
	t.Cleanup(api.Close)
	t.Cleanup(func() { require.NoError(t, proxies.Collection.Clear()) })
	f, restarts = newFake(), new(int)
	var err error
	f.links, err = link.New(t.Context(), link.Config{
		API: api.URL, Nodes: []int{1},
		Endpoint: func(int, int) link.Endpoint {
			return link.Endpoint{Listen: "127.0.0.1:0", Upstream: "127.0.0.1:1"}
		},
		Restart: func(context.Context) error { *restarts++; return proxies.Collection.Clear() },
	})
	require.NoError(t, err)
	return f, restarts
}

// The final reads go through the links: without them there would be nothing to judge.
func TestLostLinksAreBuiltAnewBeforeTheFinalReads(t *testing.T) {
	for err, want := range map[error]int{
		link.ErrProxyLost:            1,
		link.ErrWedged:               1,
		errors.New("something else"): 0,
	} {
		f, restarts := linked(t)
		f.phase[5] = cluster.Exited // then nothing is read
		folder := run.Folder{Path: t.TempDir()}
		log, e := folder.NewLog(recorder.NewClock())
		require.NoError(t, e)
		load, e := workload.Start(workload.Config{}, nil, f.data.Dial, nil)
		require.NoError(t, e)
		x := &execution{cluster: f, log: log, meter: &meter{}, load: load}
		x.broken("cut a link", err)
		x.finish(t.Context())
		require.Len(t, x.errors, 1, "the run remains a harness error, and the only one")
		require.Equal(t, want, *restarts, err)
		require.NoError(t, f.links.Check(t.Context()))
	}
}
