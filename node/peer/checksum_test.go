package peer

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"raftkv/client/clienttest"
	"raftkv/node/peer/peerpb"
	"raftkv/raft"
)

// full has something in every field that goes over the wire.
func full() *peerpb.Batch {
	b := encodeAll([]raft.Message{
		{Type: raft.MsgAppend, From: 1, To: 2, Term: 300, Index: 4, LogTerm: 2, Commit: 4, Entries: []raft.Entry{
			raft.Entry{Index: 5, Term: 3, Data: []byte("a value")}.Sealed(),
			raft.Entry{Index: 6, Term: 3, Type: raft.EntryConfChange, Data: []byte{1}}.Sealed(),
		}},
		{Type: raft.MsgSnapshot, From: 1, To: 2, Term: 3, Snapshot: &raft.SnapshotMeta{Index: 9, Term: 3, Conf: raft.ConfState{
			Voters: []uint64{1, 2, 3}, VotersOutgoing: []uint64{1, 5}, Learners: []uint64{4}, Context: []byte("where")}}},
		{Type: raft.MsgHeartbeatResp, From: 2, To: 1, Term: 3, Reject: true, HintIndex: 2, HintTerm: 1, Round: 4, ReadID: 5,
			Promise: 270_000_000, ByLease: true, Transfer: true, Lost: true},
	})
	b.Digest = encodeDigest(Digest{Index: 100, Digest: 1 << 60}).Digest
	return b
}

// meaning is all that a receiver would take from a frame.
func meaning(b *peerpb.Batch) (string, error) {
	ms, d, err := decodeAll(b)
	return fmt.Sprintf("%+v %+v %+v", encodeAll(ms), encodeDigest(*d), err), err
}

func TestNoFlippedBitOfAFrameIsTakenForWhatWasSent(t *testing.T) {
	sent := full()
	want, err := meaning(sent)
	require.NoError(t, err)
	frame, err := proto.Marshal(sent)
	require.NoError(t, err)
	caught := 0
	for bit := range 8 * len(frame) {
		bent := bytes.Clone(frame)
		bent[bit/8] ^= 1 << (bit % 8)
		var got peerpb.Batch
		if proto.Unmarshal(bent, &got) != nil {
			continue
		}
		ms, d, err := decodeAll(&got)
		if err != nil {
			require.ErrorIs(t, err, ErrCorrupt, "bit %d", bit)
			caught++
			continue
		}
		require.NotNil(t, d, "bit %d", bit)
		require.Equal(t, want, fmt.Sprintf("%+v %+v %+v", encodeAll(ms), encodeDigest(*d), err), "bit %d", bit)
	}
	require.Greater(t, caught, 4*len(frame), "most of them decode")
}

func TestMissingChecksumIsADifference(t *testing.T) {
	for name, strip := range map[string]func(*peerpb.Batch){
		"of a head":   func(b *peerpb.Batch) { b.Messages[0].Head = nil },
		"of an entry": func(b *peerpb.Batch) { b.Messages[0].Entries[0].Sum = 0 },
		"of a digest": func(b *peerpb.Batch) { b.Digest.Sum = nil },
	} {
		b := full()
		strip(b)
		_, _, err := decodeAll(b)
		require.ErrorIs(t, err, ErrCorrupt, name)
	}
}

func TestGreetingThatWasChangedIsRefused(t *testing.T) {
	c := &Config{Cluster: "c", ID: 1, Identity: func() uint64 { return 7 }, ClientAddress: "clients:1", PeerAddress: "peers:1"}
	md, _ := metadata.FromOutgoingContext((&sender{to: 2, config: c}).introduce(t.Context()))
	server := &Server{cluster: "c", id: 2, h: &recorder{}}
	greet := func(md metadata.MD) error {
		_, err := server.identify(metadata.NewIncomingContext(t.Context(), md))
		return err
	}
	require.NoError(t, greet(md))
	for key := range md {
		bent := md.Copy()
		bent.Set(key, "0"+md.Get(key)[0])
		require.ErrorIs(t, greet(bent), ErrCorrupt, key)
		delete(bent, key)
		require.ErrorIs(t, greet(bent), ErrCorrupt, key)
	}
}

func TestChangedMessageEndsTheStreamIsCountedAndSentAgainOverAnother(t *testing.T) {
	address, r := serve(t, "c", 2)
	m := message(7)
	link := clienttest.Bend(t, address, string(m.Entries[0].Data[:100]))
	link.Arm(2)
	tr, _ := dial(t, "c", link.Address, nil)
	sendUntil(t, tr, m, func() bool { return len(r.received()) > 0 })
	for _, got := range r.received() {
		require.Equal(t, m, got)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	require.NotEmpty(t, r.corrupt, "what followed on the same stream was not looked at")
	require.ErrorIs(t, r.corrupt[0], ErrCorrupt)
}

func TestChangedPieceOfASnapshotIsSentAgainAndTheRestKept(t *testing.T) {
	state := append(bytes.Repeat([]byte("s"), 3*chunkBytes), "the last piece of the state"...)
	address, r := serve(t, "c", 2)
	link := clienttest.Bend(t, address, "the last piece")
	link.Arm(1)
	tr, e := dial(t, "c", link.Address, bytes.NewReader(state))
	tr.Send([]raft.Message{announce()})
	require.Eventually(t, func() bool { return len(e.snapshotsSent()) == 1 }, patience, time.Millisecond)
	require.Equal(t, []bool{false}, e.snapshotsSent())
	require.Eventually(t, func() bool { return r.HeldSnapshot(announce()) > 0 }, patience, time.Millisecond)
	require.True(t, bytes.HasPrefix(state, r.held))

	require.Len(t, r.corrupt, 1)

	again, e := dial(t, "c", address, struct{ io.Reader }{bytes.NewReader(state)})
	again.Send([]raft.Message{announce()})
	require.Eventually(t, func() bool { return len(e.snapshotsSent()) == 1 }, patience, time.Millisecond)
	require.Equal(t, []bool{true}, e.snapshotsSent())
	require.True(t, bytes.Equal(state, r.snapshots[0]))
}

func TestStreamThatTakesNothingIsOpenedAnewOnAnotherConnection(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s, d := grpc.NewServer(ServerOptions()...), &deaf{}
	peerpb.RegisterPeerServer(s, d)
	go func() { _ = s.Serve(l) }()
	t.Cleanup(s.Stop)
	tr, err := Dial(Config{
		Cluster: "c", ID: 1, Identity: func() uint64 { return 7 }, Peers: map[uint64]Peer{2: {Address: l.Addr().String()}}, BackoffMax: 50 * time.Millisecond,
		Unreachable: func(uint64) {}, Logger: slog.New(slog.DiscardHandler), sendTimeout: 50 * time.Millisecond,
	})
	require.NoError(t, err)
	t.Cleanup(tr.Close)
	first := tr.senders[2].conn.Load()
	sendUntil(t, tr, message(1), func() bool { return d.streams.Load() > 2 })
	require.NotSame(t, first, tr.senders[2].conn.Load(), "flow control may be bent for the whole connection")
}

func BenchmarkEncode(b *testing.B) {
	benchmarkCodec(b, func(m *raft.Message, _ *peerpb.Message) { encode(m) })
}

func BenchmarkDecode(b *testing.B) {
	benchmarkCodec(b, func(_ *raft.Message, p *peerpb.Message) { _, _ = decode(p) })
}

func BenchmarkHeadSum(b *testing.B) {
	benchmarkCodec(b, func(m *raft.Message, _ *peerpb.Message) { headSum(m) })
}

func benchmarkCodec(b *testing.B, f func(*raft.Message, *peerpb.Message)) {
	for _, size := range []int{256, 64 << 10} {
		b.Run(fmt.Sprintf("bytes=%d", size), func(b *testing.B) {
			m := raft.Message{Type: raft.MsgAppend, From: 1, To: 2, Term: 3, Entries: []raft.Entry{raft.Entry{Index: 1, Term: 3, Data: make([]byte, size)}.Sealed()}}
			p := encode(&m)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				f(&m, p)
			}
		})
	}
}
