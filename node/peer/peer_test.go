package peer

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"raftkv/node/peer/peerpb"
	"raftkv/raft"
	"raftkv/raft/membership"
)

const patience = time.Minute

// recorder is a Handler that keeps everything.
type recorder struct {
	mu        sync.Mutex
	messages  []raft.Message
	snapshots [][]byte
	digests   []Digest
	corrupt   []error
	aborted   int
	written   int     // bytes, of all snapshots
	held      []byte  // of a snapshot that broke off
	resumedAt []int64 // where each transfer began
	met       map[uint64]string
	greeted   []membership.Hello
}

func (r *recorder) Left(uint64) {}

func (r *recorder) Admit(_ context.Context, g Greeting) error {
	if g.Identity != 7 || g.To != 2 {
		return errors.New("another cluster, or another folder")
	}
	return nil
}

func (r *recorder) Greeted(h membership.Hello) membership.Hello {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.greeted = append(r.greeted, h)
	return membership.Hello{Node: 2, Record: membership.Record{Incarnation: 5}}
}

func (r *recorder) Corrupt(from uint64, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.corrupt = append(r.corrupt, err)
}

func (r *recorder) Met(from uint64, address, _ string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.met == nil {
		r.met = map[uint64]string{}
	}
	r.met[from] = address
}

func (r *recorder) Receive(ms []raft.Message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.messages = append(r.messages, ms...)
}

func (r *recorder) ReceiveSnapshot(_ raft.Message, held int64) (Incoming, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f := &file{r: r}
	_, err := f.Buffer.Write(r.held[:held])
	r.resumedAt = append(r.resumedAt, held)
	return f, err
}

func (r *recorder) HeldSnapshot(raft.Message) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return int64(len(r.held))
}
func (r *recorder) Compare(from uint64, d Digest) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.digests = append(r.digests, d)
}

func (r *recorder) received() []raft.Message {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]raft.Message(nil), r.messages...)
}

// file is a snapshot being received into memory.
type file struct {
	bytes.Buffer
	r    *recorder
	done bool
}

func (f *file) Commit() error {
	f.r.mu.Lock()
	defer f.r.mu.Unlock()
	f.r.snapshots = append(f.r.snapshots, f.Bytes())
	f.done = true
	return nil
}

func (f *file) Abort() {
	f.r.mu.Lock()
	defer f.r.mu.Unlock()
	if !f.done {
		f.r.aborted++
	}
}

func (f *file) Write(p []byte) (int, error) {
	f.r.mu.Lock()
	defer f.r.mu.Unlock()
	f.r.written += len(p)
	return f.Buffer.Write(p)
}

func (f *file) Suspend() {
	f.r.mu.Lock()
	defer f.r.mu.Unlock()
	f.r.held, f.done = f.Bytes(), true
}

// serve runs node id's peer port of a cluster until the test ends.
func serve(t *testing.T, cluster string, id uint64) (string, *recorder) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s, r := grpc.NewServer(ServerOptions()...), &recorder{}
	Register(s, cluster, id, r)
	go func() { _ = s.Serve(l) }()
	t.Cleanup(s.Stop)
	return l.Addr().String(), r
}

// deaf accepts streams and reads nothing of them.
type deaf struct {
	peerpb.UnimplementedPeerServer
	streams atomic.Int32
}

func (d *deaf) Messages(stream grpc.ClientStreamingServer[peerpb.Batch, peerpb.Closed]) error {
	d.streams.Add(1)
	<-stream.Context().Done()
	return stream.Context().Err()
}

// events collects what a transport tells its node.
type events struct {
	mu          sync.Mutex
	unreachable int
	sent        []bool
}

// dial is node 1 of the cluster, which knows node 2 at address.
func dial(t *testing.T, cluster, address string, snapshot io.Reader) (*Transport, *events) {
	e := &events{}
	tr, err := Dial(Config{
		Cluster: cluster, ID: 1, ClientAddress: "clients:1", Identity: func() uint64 { return 7 }, Peers: map[uint64]Peer{1: {Address: "self"}, 2: {Address: address}}, BackoffMax: 50 * time.Millisecond,
		Unreachable:  func(uint64) { e.mu.Lock(); e.unreachable++; e.mu.Unlock() },
		SnapshotSent: func(_ uint64, ok bool) { e.mu.Lock(); e.sent = append(e.sent, ok); e.mu.Unlock() },
		OpenSnapshot: func(raft.Message) (io.ReadCloser, error) { return io.NopCloser(snapshot), nil },
		Logger:       slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	t.Cleanup(tr.Close)
	return tr, e
}

func (e *events) snapshotsSent() []bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]bool(nil), e.sent...)
}

func message(index uint64) raft.Message {
	return raft.Message{
		Type: raft.MsgAppend, From: 1, To: 2, Term: 3, Index: index, LogTerm: 2, Commit: 1, Reject: true, HintIndex: 8, HintTerm: 9, Round: 10, ReadID: 11, Transfer: true, Lost: true,
		Entries: []raft.Entry{raft.Entry{Index: index + 1, Term: 3, Type: raft.EntryConfChange, Data: bytes.Repeat([]byte{byte(index)}, 1000)}.Sealed()},
	}
}

// sendUntil sends m again and again, as an engine would, until done.
func sendUntil(t *testing.T, tr *Transport, m raft.Message, done func() bool) {
	require.Eventually(t, func() bool {
		tr.Send([]raft.Message{m})
		return done()
	}, patience, time.Millisecond)
}

func TestMessageArrivesAsItWasSent(t *testing.T) {
	address, r := serve(t, "c", 2)
	tr, _ := dial(t, "c", address, nil)
	m := message(7)
	sendUntil(t, tr, m, func() bool { return len(r.received()) > 0 })
	require.Equal(t, m, r.received()[0])
	require.Equal(t, map[uint64]string{1: "clients:1"}, r.met)
}

func TestStreamToAnotherNodeOrClusterIsRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		cluster string
		id      uint64
	}{
		"another cluster": {"other", 2},
		"another node":    {"c", 3},
	} {
		t.Run(name, func(t *testing.T) {
			address, r := serve(t, tc.cluster, tc.id)
			tr, e := dial(t, "c", address, nil)
			sendUntil(t, tr, message(1), func() bool {
				e.mu.Lock()
				defer e.mu.Unlock()
				return e.unreachable > 2
			})
			require.Empty(t, r.received())
		})
	}
}

func TestMessageInAnotherNodesNameEndsTheStream(t *testing.T) {
	address, r := serve(t, "c", 2)
	tr, e := dial(t, "c", address, nil)
	forged := message(1)
	forged.From = 4
	sendUntil(t, tr, forged, func() bool {
		e.mu.Lock()
		defer e.mu.Unlock()
		return e.unreachable > 0
	})
	require.Empty(t, r.received())
}

func TestFullQueueDropsAndSaysSo(t *testing.T) {
	tr, e := dial(t, "c", "127.0.0.1:1", nil) // nobody is there
	ms := make([]raft.Message, queueLen+10)
	for i := range ms {
		ms[i] = message(uint64(i))
	}
	tr.Send(ms)
	e.mu.Lock()
	defer e.mu.Unlock()
	require.GreaterOrEqual(t, e.unreachable, 10)
}

// However a connection is cut, what arrives was sent, and the link comes back.
func TestCutFramesAreNeverMisread(t *testing.T) {
	address, r := serve(t, "c", 2)
	l := cutter(t, address)
	tr, _ := dial(t, "c", l, nil)
	next := uint64(0)
	require.Eventually(t, func() bool {
		next++
		tr.Send([]raft.Message{message(next % 250)})
		return len(r.received()) > 200
	}, patience, time.Millisecond)
	for _, m := range r.received() {
		require.Equal(t, message(m.Index), m)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	require.Empty(t, r.corrupt, "cut off is not changed")
}

// cutter forwards to address, and cuts each connection after a while: each
// time a little later, so that the cut falls on every part of a frame.
func cutter(t *testing.T, address string) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for limit := int64(200); ; limit = limit*5/4 + 37 {
			in, err := l.Accept()
			if err != nil {
				return
			}
			go forward(in, address, limit)
		}
	}()
	return l.Addr().String()
}

func forward(in net.Conn, address string, limit int64) {
	defer func() { _ = in.Close() }()
	out, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer func() { _ = out.Close() }()
	go func() { _, _ = io.Copy(in, out) }()
	_, _ = io.CopyN(out, in, limit)
}

func announce() raft.Message {
	return raft.Message{Type: raft.MsgSnapshot, From: 1, To: 2, Term: 3, Snapshot: &raft.SnapshotMeta{Index: 9, Term: 2, Conf: raft.ConfState{Voters: []uint64{1, 2}}}}
}

func TestSnapshotArrivesWholeAndThenItsMessage(t *testing.T) {
	state := bytes.Repeat([]byte("state"), chunkBytes)
	address, r := serve(t, "c", 2)
	tr, e := dial(t, "c", address, bytes.NewReader(state))
	tr.Send([]raft.Message{announce()})
	require.Eventually(t, func() bool { return len(e.snapshotsSent()) == 1 }, patience, time.Millisecond)
	require.Equal(t, []bool{true}, e.snapshotsSent())
	require.Equal(t, []raft.Message{announce()}, r.received())
	require.True(t, bytes.Equal(state, r.snapshots[0]))
}

func TestSnapshotCutShortGoesOnWhereItBrokeOff(t *testing.T) {
	state := make([]byte, 3*chunkBytes+100)
	_, _ = rand.Read(state) // never fails
	address, r := serve(t, "c", 2)
	arrived := func() bool { r.mu.Lock(); defer r.mu.Unlock(); return r.written == 2*chunkBytes }
	torn := io.MultiReader(bytes.NewReader(state[:2*chunkBytes]), broken{func() { assert.Eventually(t, arrived, patience, time.Millisecond) }})
	tr, e := dial(t, "c", address, torn)
	tr.Send([]raft.Message{announce()})
	require.Eventually(t, func() bool { return len(e.snapshotsSent()) == 1 }, patience, time.Millisecond)
	require.Equal(t, []bool{false}, e.snapshotsSent())
	require.Empty(t, r.snapshots)
	require.Empty(t, r.received(), "the engine must not hear of it")
	require.Eventually(t, func() bool { return r.HeldSnapshot(announce()) == 2*chunkBytes }, patience, time.Millisecond)
	require.Zero(t, r.aborted)

	again, e := dial(t, "c", address, struct{ io.Reader }{bytes.NewReader(state)})
	again.Send([]raft.Message{announce()})
	require.Eventually(t, func() bool { return len(e.snapshotsSent()) == 1 }, patience, time.Millisecond)
	require.Equal(t, []bool{true}, e.snapshotsSent())
	require.Equal(t, []int64{0, 2 * chunkBytes}, r.resumedAt)
	require.True(t, bytes.Equal(state, r.snapshots[0]))
}

// broken is the end of a file that cannot be read further, after wait.
type broken struct{ wait func() }

func (b broken) Read([]byte) (int, error) {
	b.wait()
	return 0, errors.New("the file cannot be read")
}

// What waits is replaced: a peer hears the newest, not a queue of old ones.
func TestNewestDigestReachesEveryPeer(t *testing.T) {
	addr, r := serve(t, "c", 2)
	tr, _ := dial(t, "c", addr, nil)
	for i := range uint64(100) {
		tr.Compare(Digest{Index: i, Digest: i * i})
	}
	require.Eventually(t, func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return len(r.digests) > 0 && r.digests[len(r.digests)-1] == Digest{Index: 99, Digest: 99 * 99}
	}, patience, time.Millisecond)
}

func TestFlushReturnsWhenAllThatWasQueuedHasArrived(t *testing.T) {
	addr, r := serve(t, "c", 2)
	tr, _ := dial(t, "c", addr, nil)
	sendUntil(t, tr, message(1), func() bool { return len(r.received()) > 0 })
	before := len(r.received())
	for i := range uint64(300) {
		tr.Send([]raft.Message{message(100 + i)})
	}
	tr.Flush(patience)
	last := r.received()
	require.GreaterOrEqual(t, len(last)-before, 300)
	require.Equal(t, uint64(399), last[len(last)-1].Index)
}

func TestFlushDoesNotWaitForAPeerThatIsGone(t *testing.T) {
	tr, _ := dial(t, "c", "127.0.0.1:1", nil)
	start := time.Now()
	tr.Flush(patience)
	require.Less(t, time.Since(start), patience)
}
