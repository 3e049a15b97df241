package peer

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"raftkv/node/peer/peerpb"
	"raftkv/raft"
)

// FuzzDecode: whatever a frame holds, it is refused by name, or gives messages
// that go over the wire again and come back the same.
func FuzzDecode(f *testing.F) {
	for _, m := range []raft.Message{
		{Type: raft.MsgAppend, From: 1, To: 2, Term: 3, Index: 4, LogTerm: 2, Commit: 4,
			Entries: []raft.Entry{raft.Entry{Index: 5, Term: 3, Data: []byte("x")}.Sealed(), raft.Entry{Index: 6, Term: 3, Type: raft.EntryConfChange}.Sealed()}},
		{Type: raft.MsgAppendResp, From: 2, To: 1, Term: 3, Reject: true, HintIndex: 2, HintTerm: 1},
		{Type: raft.MsgSnapshot, From: 1, To: 2, Term: 3,
			Snapshot: &raft.SnapshotMeta{Index: 9, Term: 3, Conf: raft.ConfState{Voters: []uint64{1, 2, 3}, Learners: []uint64{4}}}},
		{Type: raft.MsgVote, From: 1, To: 2, Term: 3, Transfer: true},
		{Type: raft.MsgHeartbeatResp, From: 2, To: 1, Term: 3, Round: 4, Promise: 270_000_000},
		{Type: raft.MsgReadIndexResp, From: 1, To: 2, Term: 3, Index: 4, ReadID: 5, ByLease: true},
	} {
		b, err := proto.Marshal(encodeAll([]raft.Message{m, m}))
		require.NoError(f, err)
		f.Add(b)
	}
	f.Add([]byte{0x0a, 0x02, 0x08, 0x09}) // a snapshot without its position
	f.Fuzz(func(t *testing.T, data []byte) {
		var b peerpb.Batch
		if proto.Unmarshal(data, &b) != nil {
			return
		}
		for _, p := range b.Messages {
			m, err := decode(p)
			if err != nil {
				require.True(t, errors.Is(err, ErrMalformed) || errors.Is(err, ErrCorrupt), "%v", err)
				continue
			}
			again, err := proto.Marshal(encode(&m))
			require.NoError(t, err)
			var q peerpb.Message
			require.NoError(t, proto.Unmarshal(again, &q))
			back, err := decode(&q)
			require.NoError(t, err)
			require.Equal(t, encode(&m).String(), encode(&back).String())
		}
	})
}
