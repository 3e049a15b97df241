package node

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftkv/client/api"
	apiv1 "raftkv/client/api/v1"
	"raftkv/raft"
)

// heldLinks are TCP hops, one for each directed link, that can hold up what
// passes and let it go later, in order: a network that is slow, not lossy.
type heldLinks struct {
	t     *testing.T
	mu    sync.Mutex
	open  chan struct{} // closed while bytes pass
	limit int           // if not 0, so many more pass until all is held up
	conns []net.Conn
}

func newHeldLinks(t *testing.T) *heldLinks {
	h := &heldLinks{t: t, open: make(chan struct{})}
	close(h.open)
	return h
}

func (h *heldLinks) gate() chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.open
}

func (h *heldLinks) hold() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.open = make(chan struct{})
}

// holdAfter holds up what follows the next so many bytes.
func (h *heldLinks) holdAfter(bytes int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.limit = bytes
}

// passed counts bytes towards the limit, and returns the gate for them.
func (h *heldLinks) passed(bytes int) chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.limit > 0 && h.limit <= bytes {
		h.limit, h.open = 0, make(chan struct{})
	}
	h.limit = max(0, h.limit-bytes)
	return h.open
}

// cut closes all connections; new ones may be made at once.
func (h *heldLinks) cut() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.conns {
		_ = c.Close()
	}
	h.conns = nil
}

func (h *heldLinks) join(in, out net.Conn) {
	h.mu.Lock()
	h.conns = append(h.conns, in, out)
	h.mu.Unlock()
	go h.pass(in, out)
	go h.pass(out, in)
}

func (h *heldLinks) release() { close(h.gate()) }

func (h *heldLinks) held() bool {
	select {
	case <-h.gate():
		return false
	default:
		return true
	}
}

// to is an address that leads to target.
func (h *heldLinks) to(target string) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(h.t, err)
	h.t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", target)
			if err != nil {
				_ = in.Close()
				continue
			}
			h.join(in, out)
		}
	}()
	return l.Addr().String()
}

func (h *heldLinks) pass(from, to net.Conn) {
	defer func() { _, _ = from.Close(), to.Close() }()
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		<-h.passed(n)
		if _, werr := to.Write(buf[:n]); err != nil || werr != nil {
			return
		}
	}
}

// remote is the node whose links are held.
const remote = 3

// newHeldCluster has a node 3 that does not lead and whose links can be held.
func newHeldCluster(t *testing.T, edit func(*Config)) (*cluster, *heldLinks) {
	h := newHeldLinks(t)
	c := newCluster(t, 3, func(f *Config) {
		peers := map[uint64]string{}
		for id, addr := range f.Peers {
			peers[id] = addr
			if (id == remote) != (f.ID == remote) {
				peers[id] = h.to(addr)
			}
		}
		f.Peers = peers
		if f.ID == remote {
			f.ElectionTimeout, f.RequestTimeout = noTimeouts, 400*time.Millisecond
		}
		if edit != nil {
			edit(f)
		}
	})
	t.Cleanup(func() {
		if h.held() {
			h.release()
		}
	})
	c.startAll()
	require.NotEqual(t, uint64(remote), c.leader())
	return c, h
}

// getWithin reads with a bound; the reason is unspecified if it succeeds.
func (c *cluster) getWithin(id uint64, key string, bound time.Duration) (string, apiv1.Reason) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	p, err := c.kv(id).Get(ctx, &apiv1.GetRequest{Key: []byte(key), MaxStalenessMs: uint64(bound.Milliseconds())})
	if err == nil {
		return string(p.Value), apiv1.Reason_REASON_UNSPECIFIED
	}
	e, ok := api.FromStatus(err)
	require.True(c.t, ok, "%v", err)
	return "", e.Reason
}

func TestReadWithABoundIsRefusedOnceItIsTooOld(t *testing.T) {
	c, links := newHeldCluster(t, nil)
	leader := c.leader()
	require.NoError(t, c.put(leader, "a", "1"))
	require.Eventually(t, func() bool { v, _ := c.getWithin(remote, "a", 0); return v == "1" }, patience, tick)
	links.hold()
	require.NoError(t, c.put(leader, "a", "2"))
	acknowledged := time.Now()

	v, reason := c.getWithin(remote, "a", time.Hour)
	require.Equal(t, apiv1.Reason_REASON_UNSPECIFIED, reason, "what was confirmed a moment ago is young enough")
	require.Equal(t, "1", v)
	const bound = 200 * time.Millisecond
	require.Eventually(t, func() bool { return time.Since(acknowledged) > bound }, patience, time.Millisecond)
	_, reason = c.getWithin(remote, "a", bound)
	require.Equal(t, apiv1.Reason_REASON_TOO_STALE, reason)
	require.Equal(t, "1", c.get(remote, "a", true), "without a bound it still answers")

	// What was held arrives now. It is old, however lately it came.
	links.release()
	require.Eventually(t, func() bool {
		v, reason := c.getWithin(remote, "a", bound)
		if reason == apiv1.Reason_REASON_UNSPECIFIED {
			require.Equal(t, "2", v, "acknowledged longer ago than the bound")
		}
		return reason == apiv1.Reason_REASON_UNSPECIFIED
	}, patience, time.Millisecond)
}

func TestReadWithABoundHoldsWhatWasAcknowledgedBefore(t *testing.T) {
	c := newCluster(t, 3, nil)
	c.startAll()
	leader, follower := c.leader(), c.follower()
	for _, v := range []string{"1", "2", "3", "4", "5"} {
		require.NoError(t, c.put(leader, "a", v))
		acknowledged := time.Now()
		require.Eventually(t, func() bool { return time.Since(acknowledged) > 10*time.Millisecond }, patience, time.Millisecond)
		got, reason := c.getWithin(follower, "a", 10*time.Millisecond)
		require.Equal(t, apiv1.Reason_REASON_UNSPECIFIED, reason)
		require.Equal(t, v, got)
	}
}

// The age of what a round confirms is that of the question, not of the answer.
func TestConfirmationIsAsOldAsItsQuestion(t *testing.T) {
	rd := newReads(newMetrics())
	now := time.Now()
	rd.asked, rd.askedAt = []*request{{}}, now.Add(-time.Minute)
	rd.confirm([]raft.ReadState{{ReadID: rd.id, Index: 7}})
	require.Equal(t, confirmation{now.Add(-time.Minute), 7}, rd.fresh)
	require.False(t, rd.fresh.covers(now, time.Minute-1))
	require.True(t, rd.fresh.covers(now, time.Minute))
	require.False(t, confirmation{}.covers(now, 1<<62), "nothing was ever confirmed")
}

func TestBoundsThatNoDurationHolds(t *testing.T) {
	r := &request{get: &apiv1.GetRequest{Stale: true, MaxStalenessMs: 1<<64 - 1}}
	require.Positive(t, r.bound())
	require.False(t, r.stale(), "a bound outranks stale")
}
