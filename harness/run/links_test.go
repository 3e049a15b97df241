package run

import (
	"context"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"raftkv/harness/link"
	"raftkv/harness/recorder"
	"raftkv/history"
)

func TestLinksAreRecordedAsTheyChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := WatchLinks(nil, recorder.NewClock())
		at := func(ms int) int64 { return int64(ms) * int64(time.Millisecond) }
		for _, step := range []struct {
			from, to int
			state    string
		}{
			{1, 2, ""}, {1, 2, history.LinkDrop}, {1, 2, history.LinkDrop}, {link.FromClients, 3, "latency 1s"},
			{1, 2, history.LinkHold}, {1, 2, ""},
		} {
			time.Sleep(10 * time.Millisecond)
			r.became(direction{step.from, step.to}, step.state)
		}
		require.Equal(t, []history.LinkSpan{
			{Sender: "1", Receiver: "2", State: history.LinkDrop, From: at(20), To: at(50)},
			{Receiver: "3", State: "latency 1s", From: at(40)},
			{Sender: "1", Receiver: "2", State: history.LinkHold, From: at(50), To: at(60)},
		}, r.Spans())
	})
}

func TestWhatIsKeptOfLinksIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := WatchLinks(nil, recorder.NewClock())
		for i := range 20 * mostSpans {
			r.became(direction{1 + i%3, 4}, []string{history.LinkDrop, history.LinkHold, ""}[i/3%3])
			time.Sleep(100 * time.Millisecond)
		}
		spans := r.Spans()
		require.LessOrEqual(t, len(spans), mostSpans+3)
		require.Greater(t, len(spans), mostSpans/10)
		last := map[string]int64{}
		for _, s := range spans {
			require.GreaterOrEqual(t, s.From, last[s.Sender], "spans of one link overlap")
			last[s.Sender] = s.To
		}
	})
}

// A real link tells its own name and what became of it. Its node does not answer,
// so nothing is proved and no probe waits.
func TestRealLinksAreWatched(t *testing.T) {
	zerolog.SetGlobalLevel(zerolog.Disabled)
	api := httptest.NewServer(toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop()).Routes())
	t.Cleanup(api.Close)
	set, err := link.New(t.Context(), link.Config{
		API: strings.TrimPrefix(api.URL, "http://"), Nodes: []int{1, 2},
		Endpoint: func(int, int) link.Endpoint {
			addr := free(t)
			return link.Endpoint{Listen: addr, Dial: addr, Upstream: free(t)}
		},
		Alive: func(context.Context, int) bool { return false },
	})
	require.NoError(t, err)
	r := WatchLinks(set, recorder.NewClock())
	_, err = set.Peer(2, 1).Drop(t.Context())
	require.NoError(t, err)
	_, err = set.Client(2).Shape(t.Context(), link.Shape{BandwidthKBps: 7})
	require.NoError(t, err)
	_, err = set.Peer(2, 1).Heal(t.Context())
	require.NoError(t, err)

	spans := r.Spans()
	require.Len(t, spans, 2)
	require.Equal(t, []string{"2", "1", history.LinkDrop}, []string{spans[0].Sender, spans[0].Receiver, spans[0].State})
	require.Greater(t, spans[0].To, spans[0].From)
	require.Equal(t, []string{"", "2", "7 KB/s"}, []string{spans[1].Sender, spans[1].Receiver, spans[1].State})
	require.Zero(t, spans[1].To)
}

// free gives an address that nobody listens on.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}
