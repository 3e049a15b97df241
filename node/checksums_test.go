package node

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"raftkv/client/api"
	apiv1 "raftkv/client/api/v1"
	"raftkv/client/clienttest"
	"raftkv/raft"
	"raftkv/raft/boltstore"
)

// bentLinks is a cluster of three whose node 3 is reached over links that bend
// the pattern, and does not lead.
func bentLinks(t *testing.T, pattern string) (*cluster, []*clienttest.Bender) {
	var links []*clienttest.Bender
	var c *cluster
	c = newCluster(t, 3, func(f *Config) {
		if f.ID == 3 {
			f.ElectionTimeout = 2 * steady
			return
		}
		link := clienttest.Bend(t, c.peers[3], pattern)
		links = append(links, link)
		f.Peers = maps.Clone(f.Peers)
		f.Peers[3] = link.Address
	})
	c.startAll()
	return c, links
}

func TestValueThatIsBentBetweenTwoNodesIsNeverRead(t *testing.T) {
	const value = "a value that is written by a client"
	c, links := bentLinks(t, value)
	leader := c.leader()
	for i := range 12 {
		for _, l := range links {
			l.Arm(1)
		}
		require.NoError(t, c.put(leader, fmt.Sprint("k", i), value))
		require.Equal(t, value, c.get(3, fmt.Sprint("k", i), false))
	}
	require.Positive(t, links[0].Bent()+links[1].Bent())
	require.Positive(t, c.metric(3, `raftkv_corrupt_frames_total{from="peer"}`))
	c.applied(3, c.status(leader).Commit)
	for i := range 12 {
		require.Equal(t, value, c.get(3, fmt.Sprint("k", i), true))
	}
}

// checking opens a stream over which both ends check.
func (c *cluster) checking(id uint64) apiv1.KV_StreamClient {
	ctx, cancel := context.WithTimeout(metadata.AppendToOutgoingContext(context.Background(), api.ChecksumsKey, api.ChecksumsOn), patience)
	c.t.Cleanup(cancel)
	s, err := c.kv(id).Stream(ctx)
	require.NoError(c.t, err)
	return s
}

func put(key, value string) *apiv1.Request {
	return &apiv1.Request{Id: 7, Op: &apiv1.Request_Put{Put: &apiv1.PutRequest{Key: []byte(key), Value: []byte(value)}}}
}

func TestRequestThatWasBentEndsTheStreamAndIsNotDone(t *testing.T) {
	c := newCluster(t, 1, nil)
	c.startAll()
	c.leader()
	for name, bend := range map[string]func(*apiv1.Request){
		"another value": func(q *apiv1.Request) { q.GetPut().Value[0] ^= 1 },
		"another key":   func(q *apiv1.Request) { q.GetPut().Key[0] ^= 1 },
		"no checksum":   func(q *apiv1.Request) { q.Checksum = nil },
	} {
		before := c.metric(1, `raftkv_corrupt_frames_total{from="client"}`)
		q := put("key", "value")
		api.SealRequests([]*apiv1.Request{q})
		bend(q)
		s := c.checking(1)
		require.NoError(t, s.Send(&apiv1.StreamRequest{Requests: []*apiv1.Request{q}}))
		_, err := s.Recv()
		require.Equal(t, codes.DataLoss, status.Code(err), "%s: %v", name, err)
		require.Equal(t, before+1, c.metric(1, `raftkv_corrupt_frames_total{from="client"}`))
		require.Empty(t, c.get(1, string(q.GetPut().Key), false), name)
	}
}

func TestEveryAnswerOfACheckedStreamHasItsChecksum(t *testing.T) {
	c := newCluster(t, 1, nil)
	c.startAll()
	c.leader()
	qs := []*apiv1.Request{put("key", "value"), {Id: 8, Op: &apiv1.Request_Get{Get: &apiv1.GetRequest{Key: []byte("key"), Stale: true}}}}
	api.SealRequests(qs)
	s := c.checking(1)
	require.NoError(t, s.Send(&apiv1.StreamRequest{Requests: qs}))
	for got := 0; got < len(qs); {
		m, err := s.Recv()
		require.NoError(t, err)
		for _, p := range m.Responses {
			require.True(t, api.ResponseIntact(p), "%v", p)
			got++
		}
	}
}

// A client that has said nothing may use checksums for some requests, or none.
func TestChecksumsAreOptional(t *testing.T) {
	c := newCluster(t, 1, nil)
	c.startAll()
	c.leader()
	s, err := c.kv(1).Stream(t.Context())
	require.NoError(t, err)
	sealed := put("key", "value")
	api.SealRequests([]*apiv1.Request{sealed})
	for _, q := range []*apiv1.Request{put("key", "value"), sealed} {
		require.NoError(t, s.Send(&apiv1.StreamRequest{Requests: []*apiv1.Request{q}}))
		m, err := s.Recv()
		require.NoError(t, err)
		require.Nil(t, m.Responses[0].GetError())
		require.Equal(t, q.Checksum != nil, api.ResponseIntact(m.Responses[0]))
	}
	sealed.GetPut().Value = []byte("valuf")
	require.NoError(t, s.Send(&apiv1.StreamRequest{Requests: []*apiv1.Request{sealed}}))
	_, err = s.Recv()
	require.Equal(t, codes.DataLoss, status.Code(err))
}

func TestEntryThatChangedInMemoryIsNotApplied(t *testing.T) {
	c := newCluster(t, 1, nil)
	c.startAll()
	c.leader()
	c.settled(1)
	n := c.nodes[1]
	before := c.status(1).Applied
	e := raft.Entry{Index: before + 1, Term: 1}.Sealed()
	e.Term++
	n.machine.apply(e, nil)
	<-n.Done()
	require.ErrorIs(t, n.Err(), ErrCorruptMemory)
	require.Equal(t, before, n.machine.store.AppliedIndex())
}

// corruptLog refuses what it is given as the log does when memory has changed.
type corruptLog struct{ logStore }

func (corruptLog) Append([]raft.Entry) error { return boltstore.ErrNotIntact }

func TestEntryThatChangedInMemoryIsNotAcknowledged(t *testing.T) {
	told := make(chan error, 1)
	d := newDisk(corruptLog{}, newMetrics(), func(_ []diskJob, _ time.Duration, err error) { told <- err })
	d.jobs.put(diskJob{entries: entries(1, 1, 1)})
	require.ErrorIs(t, d.serve(), ErrCorruptMemory)
	require.True(t, errors.Is(<-told, boltstore.ErrNotIntact))
}

func TestCorruptFramesOfOnePeerAreLoggedOnceInAWhile(t *testing.T) {
	c := newCorruption(testLog(1), newMetrics())
	require.True(t, c.due(2))
	require.False(t, c.due(2))
	require.True(t, c.due(3))
}
