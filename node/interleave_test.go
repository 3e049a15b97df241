package node

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	apiv1 "raftkv/client/api/v1"
	"raftkv/node/kv"
	"raftkv/raft"
)

// gated is a log whose appends wait while its gate is shut.
type gated struct {
	logStore
	mu   sync.Mutex
	gate chan struct{} // nil: open
}

func (g *gated) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.gate = make(chan struct{})
}

func (g *gated) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	close(g.gate)
	g.gate = nil
}

func (g *gated) Append(es []raft.Entry) error {
	g.mu.Lock()
	gate := g.gate
	g.mu.Unlock()
	if gate != nil {
		<-gate
	}
	return g.logStore.Append(es)
}

// block holds the machine's goroutine until release is called.
func block(m *machine) (release func()) {
	gate := make(chan struct{})
	m.tasks.put(func(*machine) error { <-gate; return nil })
	return sync.OnceFunc(func() { close(gate) })
}

// A node applies what a quorum holds before its own disk does, so its snapshot
// may be ahead of its log on disk; compaction must not be.
func TestCompactionWaitsForASlowDisk(t *testing.T) {
	c := newCluster(t, 3, func(f *Config) { f.SnapshotEntries, f.TrailingEntries = 20, 5 })
	c.startAll()
	leader, slow := c.leader(), c.follower()
	c.stop(slow)
	n, ls, err := prepare(c.config(slow))
	require.NoError(t, err)
	g := &gated{logStore: n.disk.store}
	n.disk.store = g
	n.run(ls)
	t.Cleanup(n.Stop)
	require.NoError(t, c.put(leader, "first", "v"))
	require.Eventually(t, func() bool { return c.status(leader).Peers[slow].State == "replicate" }, patience, 10*time.Millisecond)
	g.shut()
	for i := range 60 {
		require.NoError(t, c.put(leader, fmt.Sprint("k", i), "v"))
	}
	status := func() Status { s, _ := n.Status(t.Context()); return s }
	require.Eventually(t, func() bool { return status().SnapshotIndex > 20 }, patience, 10*time.Millisecond, "no snapshot ahead of the disk, so nothing was tested")
	g.open()
	require.NoError(t, c.put(leader, "last", "v"))
	want := c.status(leader).Commit
	require.Eventually(t, func() bool { return c.status(leader).Peers[slow].Match >= want }, patience, 10*time.Millisecond)
}

// The machine reports a batch as a whole; a snapshot viewed within one may be
// on disk before that report.
func TestSnapshotMayBeSavedBeforeItsBatchIsReported(t *testing.T) {
	c := newCluster(t, 1, nil)
	c.startAll()
	require.NoError(t, c.put(c.leader(), "a", "1"))
	n := c.nodes[1]
	before := c.status(1).Commit
	first := block(n.machine)
	go func() { _ = c.put(1, "b", "2") }()
	require.Eventually(t, func() bool { return c.status(1).Commit > before }, patience, time.Millisecond)
	n.loop.events.put(func(l *loop) { l.save() })
	c.status(1) // the loop has passed the view on
	second := block(n.machine)
	defer second()
	first()
	require.Eventually(t, func() bool { return c.status(1).SnapshotIndex > before }, patience, time.Millisecond)
	second()
	require.NoError(t, c.put(1, "c", "3"))
}

func TestStopAnswersWhatTheMachineWasGiven(t *testing.T) {
	c := newCluster(t, 1, nil)
	c.startAll()
	require.NoError(t, c.put(c.leader(), "a", "1"))
	n := c.nodes[1]
	before := c.status(1).Commit
	n.machine.tasks.put(func(*machine) error { <-n.stopped; return nil })
	answered := make(chan *apiv1.Response, 1)
	n.gate.submit(&apiv1.Request{Op: &apiv1.Request_Put{Put: &apiv1.PutRequest{Key: []byte("x"), Value: []byte("y")}}}, time.Time{},
		func(p *apiv1.Response) { answered <- p })
	require.Eventually(t, func() bool { return c.status(1).Commit > before }, patience, time.Millisecond)
	c.stop(1)
	require.NotNil(t, (<-answered).GetPut(), "the write is applied, and says so")
}

func TestReadyMeansCaughtUp(t *testing.T) {
	c := newCluster(t, 3, nil)
	c.startAll()
	leader, away := c.leader(), c.follower()
	c.stop(away)
	require.NoError(t, c.put(leader, "a", "1"))
	n, ls, err := prepare(c.config(away))
	require.NoError(t, err)
	release := block(n.machine)
	n.run(ls)
	t.Cleanup(func() { release(); n.Stop() })
	require.Eventually(t, func() bool { s, _ := n.Status(t.Context()); return s.Leader != 0 }, patience, time.Millisecond)
	soon, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, n.checkReady(soon), ErrNotReady)
	release()
	require.Eventually(t, func() bool { return n.checkReady(t.Context()) == nil }, patience, 10*time.Millisecond)
}

func TestStreamMayBeClosedBeforeItsAnswersAreRead(t *testing.T) {
	c := newCluster(t, 1, nil)
	c.startAll()
	c.leader()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s, err := c.kv(1).Stream(ctx)
	require.NoError(t, err)
	put := &apiv1.Request{Id: 7, Op: &apiv1.Request_Put{Put: &apiv1.PutRequest{Key: []byte("x"), Value: []byte("y")}}}
	require.NoError(t, s.Send(&apiv1.StreamRequest{Requests: []*apiv1.Request{put}}))
	require.NoError(t, s.CloseSend())
	p, err := s.Recv()
	require.NoError(t, err)
	require.Equal(t, uint64(7), p.Responses[0].Id)
	require.NotNil(t, p.Responses[0].GetPut())
}

// An entry that cannot be applied is never passed over: a replica without it
// would differ from the others for ever.
func TestEntryThatCannotBeAppliedEndsTheNode(t *testing.T) {
	c := newCluster(t, 1, nil)
	c.startAll()
	c.leader()
	require.NoError(t, c.put(1, "a", "1"))
	proposed := make(chan uint64, 1)
	c.nodes[1].loop.events.put(func(l *loop) {
		index, _, _ := l.raft.Propose([]byte{0xff})
		proposed <- index
	})
	index := <-proposed
	require.Error(t, c.put(1, "b", "2"), "it is behind that entry in the log, or never gets there")
	require.Eventually(t, func() bool { return ended(c.nodes[1]) }, patience, tick)
	require.ErrorIs(t, c.nodes[1].Err(), kv.ErrCorruptCommand)
	require.Less(t, c.nodes[1].machine.store.AppliedIndex(), index)
}

// A read waits until the machine was handed all that its confirmation covers.
func TestConfirmedReadWaitsForItsIndex(t *testing.T) {
	l := newAlone(t, 1, 2, 3)
	l.machine = newMachine(kv.New(kv.DefaultLimits()), 0, l.metrics, func(applied) {})
	l.reads.confirmed = []readBatch{{index: 5, requests: []*request{{}}}}
	l.handed = 4
	l.release()
	require.Empty(t, l.machine.tasks.take())
	l.handed = 5
	l.release()
	require.Len(t, l.machine.tasks.take(), 1)
	require.Empty(t, l.reads.confirmed)
}
