package link_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"raftkv/harness/corrupt"
	"raftkv/harness/hold"
	"raftkv/harness/link"
	"raftkv/harness/proof"
)

// server starts something that answers like a node and gives its address.
func server(t *testing.T) string { return serve(t).Addr().String() }

func serve(t *testing.T) *door {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s, d := grpc.NewServer(), &door{Listener: l}
	go func() { _ = s.Serve(d) }()
	t.Cleanup(s.Stop)
	return d
}

// door knows the connections that came in by it.
type door struct {
	net.Listener
	mu  sync.Mutex
	all []net.Conn
}

func (d *door) Accept() (net.Conn, error) {
	c, err := d.Listener.Accept()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.all = append(d.all, c)
	return c, err
}

// reset ends them as a dying machine does, and says how many there were.
func (d *door) reset() (ended int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range d.all {
		if c != nil && c.(*net.TCPConn).SetLinger(0) == nil {
			_ = c.Close()
			ended++
		}
	}
	d.all = nil
	return ended
}

// patience bounds what must happen, however busy the machine is.
const patience = 30 * time.Second

// free gives an address that nobody listens on.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

// rig is one node, one client link, and an embedded Toxiproxy.
type rig struct {
	set   *link.Set
	api   *toxiproxy.ApiServer
	door  *door
	node  string
	alive bool
}

// newRig makes a rig. With bypass, what the harness dials leads around the
// proxy, so that no fault ever bites.
func newRig(t *testing.T, bypass bool) *rig {
	t.Helper()
	zerolog.SetGlobalLevel(zerolog.Disabled)
	hold.Register()
	corrupt.Register()
	r := &rig{api: toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop()), door: serve(t), alive: true}
	r.node = r.door.Addr().String()
	api := httptest.NewServer(r.api.Routes())
	t.Cleanup(api.Close)
	end := link.Endpoint{Listen: free(t), Upstream: r.node}
	if end.Dial = end.Listen; bypass {
		end.Dial = r.node
	}
	var err error
	r.set, err = link.New(t.Context(), link.Config{
		API: strings.TrimPrefix(api.URL, "http://"), Nodes: []int{1},
		Endpoint: func(int, int) link.Endpoint { return end },
		Alive:    func(context.Context, int) bool { return r.alive },
		Restart:  func(context.Context) error { return nil },
	})
	require.NoError(t, err)
	return r
}

func TestAFaultThatDoesNotBiteIsAnError(t *testing.T) {
	l := newRig(t, true).set.Client(1)
	for _, m := range link.Modes() {
		e, err := l.Cut(t.Context(), m)
		assert.ErrorContains(t, err, "still carries data", m)
		assert.Equal(t, proof.Failed, e.Outcome)
	}
	_, err := l.Shape(t.Context(), link.Shape{Latency: time.Minute})
	assert.ErrorContains(t, err, "no round trip took 2m0s")
}

func TestAShapeIsWordedByWhatItHas(t *testing.T) {
	const ms = time.Millisecond
	for want, s := range map[string]link.Shape{
		"latency 40ms": {Latency: 40 * ms}, "latency 0s±5ms": {Jitter: 5 * ms}, "9 KB/s": {BandwidthKBps: 9},
		"latency 40ms±5ms, 9 KB/s": {Latency: 40 * ms, Jitter: 5 * ms, BandwidthKBps: 9}, "latency 0s": {},
	} {
		assert.Equal(t, want, s.String())
	}
}

func TestSilenceProvesNothingWhenTheReceiverIsDown(t *testing.T) {
	r := newRig(t, false)
	r.alive = false
	e, err := r.set.Client(1).Drop(t.Context())
	require.NoError(t, err)
	assert.Equal(t, proof.Indeterminate, e.Outcome)
	assert.Contains(t, e.Detail, "node 1 does not answer directly either")
}

func TestALostProxyIsNoticedAndRecovered(t *testing.T) {
	r := newRig(t, false)
	require.NoError(t, r.set.Check(t.Context()))
	_, err := r.set.Client(1).Drop(t.Context())
	require.NoError(t, err)
	require.NoError(t, r.api.Collection.Clear())
	assert.ErrorIs(t, r.set.Check(t.Context()), link.ErrProxyLost)
	_, err = r.set.Client(1).Drop(t.Context())
	assert.ErrorContains(t, err, "read proxy c->1")

	require.NoError(t, r.set.Recover(t.Context()))
	require.NoError(t, r.set.Check(t.Context()))
	assert.Empty(t, r.set.Client(1).Now(), "all is healthy again")
	e, err := r.set.Client(1).Heal(t.Context())
	require.NoError(t, err)
	assert.Equal(t, proof.Installed, e.Outcome)
}

func TestAWedgedToxiproxyIsNamedWithinTheDeadline(t *testing.T) {
	stuck := make(chan struct{})
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { <-stuck }))
	defer api.Close()
	defer close(stuck)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := link.New(ctx, link.Config{
		API: api.URL, Nodes: []int{1}, Endpoint: func(int, int) link.Endpoint { return link.Endpoint{} },
	})
	assert.ErrorIs(t, err, link.ErrWedged)
	assert.ErrorIs(t, err, context.DeadlineExceeded)
}

// A hold comes off a connection that it holds bytes of and whose receiver is gone:
// Toxiproxy's own toxics take five seconds for each piece of that, and every call for
// the proxy waits (brutal, seed 1001).
func TestAHoldComesOffAConnectionWhoseReceiverIsGone(t *testing.T) {
	r := newRig(t, false)
	l := r.set.Client(1)
	done(t)(l.Hold(t.Context()))
	c, err := net.Dial("tcp", l.Addr())
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, c.SetDeadline(time.Now().Add(time.Second)))
	_, err = c.Write(bytes.Repeat([]byte("held"), 16<<20))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded, "the proxy holds as much as it can")
	require.Positive(t, r.door.reset())

	e := done(t)(l.Heal(t.Context()))
	assert.Less(t, e.Took, 5*time.Second)
	meets(t, l, link.Answered)
	require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
	_, err = io.Copy(io.Discard, c)
	assert.NotErrorIs(t, err, os.ErrDeadlineExceeded, "its sender learns that it is gone")
}

// A drop that comes off closes the connections that lost bytes, whatever the link is
// to do next; and that works. Toxiproxy by itself left them open, and panicked at the
// edit after the next.
func TestADropClosesItsConnectionsWhateverComesNext(t *testing.T) {
	for next, change := range map[string]func(*link.Link, context.Context) (proof.Evidence, error){
		"hold": (*link.Link).Hold,
		"shape": func(l *link.Link, ctx context.Context) (proof.Evidence, error) {
			return l.Shape(ctx, link.Shape{Latency: 20 * time.Millisecond})
		},
		"nothing": (*link.Link).Heal,
	} {
		l := newRig(t, false).set.Client(1)
		c, err := net.Dial("tcp", l.Addr())
		require.NoError(t, err)
		defer c.Close()
		meets(t, l, link.Answered) // by then the proxy has taken the connection up
		done(t)(l.Drop(t.Context()))
		done(t)(change(l, t.Context()))
		require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
		_, err = io.Copy(io.Discard, c)
		require.NotErrorIs(t, err, os.ErrDeadlineExceeded, "then %s", next)
		done(t)(l.Heal(t.Context()))
		done(t)(l.Shape(t.Context(), link.Shape{Latency: 10 * time.Millisecond}))
		done(t)(l.Heal(t.Context()))
	}
}

func TestPingTellsWhatItMet(t *testing.T) {
	assert.Equal(t, link.Refused, link.Ping(t.Context(), free(t), patience, 0).Kind)

	p := link.Ping(t.Context(), server(t), patience, 100<<10)
	assert.Equal(t, link.Answered, p.Kind, "a padded probe is answered too: %v", p.Err)

	for kind, answer := range map[link.Kind]func(net.Conn){
		link.Silent: func(net.Conn) {},
		link.Leaked: func(c net.Conn) { _, _ = c.Write([]byte{0, 0, 0, 4, 0, 0, 0, 0, 0}) },
		link.Closed: func(c net.Conn) { _ = c.Close() },
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		go func() {
			for c, err := l.Accept(); err == nil; c, err = l.Accept() {
				t.Cleanup(func() { _ = c.Close() })
				answer(c)
			}
		}()
		// What is slow looks silent at first.
		p := link.Ping(t.Context(), l.Addr().String(), 200*time.Millisecond, 0)
		for wait := 400 * time.Millisecond; p.Kind != kind && wait < patience; wait *= 2 {
			p = link.Ping(t.Context(), l.Addr().String(), wait, 0)
		}
		assert.Equal(t, kind, p.Kind)
		require.NoError(t, l.Close())
	}
}
