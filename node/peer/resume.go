package peer

import (
	"context"
	"fmt"
	"io"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"raftkv/node/peer/peerpb"
	"raftkv/raft"
)

// resumeAt asks how much of the snapshot the peer holds from a transfer that
// broke off, and skips that much of r. It returns the chunk that announces the
// rest. Should the bytes held be of another file, the checksum over all of it
// shows that at the end, and the next transfer begins anew.
func resumeAt(ctx context.Context, c peerpb.PeerClient, m *raft.Message, r io.Reader) (*peerpb.SnapshotChunk, error) {
	first := &peerpb.SnapshotChunk{Message: encode(m)}
	held, err := c.Held(ctx, first.Message)
	if status.Code(err) == codes.Unimplemented { // an older version
		return first, nil
	}
	if err != nil {
		return nil, err
	}
	if !matches(held.Sum, heldSum(held.Bytes)) {
		return nil, fmt.Errorf("%w: how much of a snapshot a peer holds", ErrCorrupt)
	}
	first.Offset = held.Bytes
	if err := skip(r, int64(held.Bytes)); err != nil {
		return nil, fmt.Errorf("skip %d bytes of snapshot %d: %w", held.Bytes, m.Snapshot.Index, err)
	}
	return first, nil
}

func skip(r io.Reader, n int64) error {
	if n == 0 {
		return nil
	}
	if s, ok := r.(io.Seeker); ok {
		_, err := s.Seek(n, io.SeekStart)
		return err
	}
	_, err := io.CopyN(io.Discard, r, n)
	return err
}

// Held answers a peer that is about to send a snapshot.
func (s *Server) Held(ctx context.Context, head *peerpb.Message) (*peerpb.SnapshotHeld, error) {
	from, err := s.enter(ctx)
	if err != nil {
		return nil, err
	}
	m, err := s.announced(from, head)
	if err != nil {
		return nil, s.refuse(from, err)
	}
	held := uint64(s.h.HeldSnapshot(m))
	return &peerpb.SnapshotHeld{Bytes: held, Sum: proto.Uint32(heldSum(held))}, nil
}
