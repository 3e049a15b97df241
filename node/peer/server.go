package peer

import (
	"context"
	"errors"
	"fmt"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"raftkv/node/peer/peerpb"
	"raftkv/raft"
	"raftkv/raft/membership"
)

// Incoming takes the bytes of one snapshot from a peer.
type Incoming interface {
	io.Writer
	// Commit makes the snapshot durable after checking that it is whole.
	Commit() error
	// Abort forgets what was written. After Commit or Suspend it does nothing.
	Abort()
	// Suspend keeps what was written for a transfer that goes on from there.
	Suspend()
}

// Handler is what a node does with what its peers send. All methods are called
// from the server's goroutines, several at once.
type Handler interface {
	// Admit says why a stream that begins so is refused, nil if it is not. It may
	// wait for this node's disk, for as long as ctx lasts. Of the sender nothing is
	// certain but what the greeting says.
	Admit(ctx context.Context, g Greeting) error
	// Greeted takes what a node says of itself, and returns what this one does.
	Greeted(h membership.Hello) membership.Hello
	// Met is told at the start of a stream where clients and peers reach its
	// sender, as that says itself. Left follows when the stream ends.
	Met(from uint64, clientAddress, peerAddress string)
	Left(from uint64)
	// Receive takes messages over; it must not block for long.
	Receive(ms []raft.Message)
	// Compare takes what a peer's state machine is at an index; likewise.
	Compare(from uint64, d Digest)
	// ReceiveSnapshot opens a place for the snapshot that m announces, or with
	// held the one where so many of its bytes are. m itself is given to Receive
	// once its bytes are durable.
	ReceiveSnapshot(m raft.Message, held int64) (Incoming, error)
	// Corrupt is told of a frame that was changed on its way; from is who claims
	// to have sent it, 0 if nobody does.
	Corrupt(from uint64, err error)
	// HeldSnapshot tells how many bytes of that snapshot are kept.
	HeldSnapshot(m raft.Message) int64
}

// Server answers what peers dial.
type Server struct {
	peerpb.UnimplementedPeerServer
	cluster string
	id      uint64
	h       Handler
}

// Register puts the peer service on s, of the node and folder that id names.
func Register(s *grpc.Server, cluster string, id uint64, h Handler) {
	peerpb.RegisterPeerServer(s, &Server{cluster: cluster, id: id, h: h})
}

// enter identifies the sender of a call.
func (s *Server) enter(ctx context.Context) (uint64, error) {
	from, err := s.identify(ctx)
	if errors.Is(err, ErrCorrupt) {
		return 0, s.refuse(claimed(ctx), err)
	}
	return from, err
}

// refuse ends a call for what its frames hold.
func (s *Server) refuse(from uint64, err error) error {
	if errors.Is(err, ErrCorrupt) {
		s.h.Corrupt(from, err)
	}
	return statusOf(err)
}

// Messages receives one peer's stream until it ends or says something wrong.
func (s *Server) Messages(stream grpc.ClientStreamingServer[peerpb.Batch, peerpb.Closed]) error {
	from, err := s.enter(stream.Context())
	if err != nil {
		return err
	}
	if err := stream.SendHeader(metadata.MD{}); err != nil { // tells the sender that it is accepted
		return err
	}
	client, peer := addressesOf(stream.Context())
	s.h.Met(from, client, peer)
	defer s.h.Left(from)
	for {
		b, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return stream.SendAndClose(&peerpb.Closed{})
		}
		if undecodable(err) {
			return s.refuse(from, fmt.Errorf("%w: %w", ErrCorrupt, err))
		}
		if err != nil {
			return err
		}
		ms, digest, err := s.accept(from, b)
		if err != nil {
			return s.refuse(from, err)
		}
		s.h.Receive(ms)
		if digest != nil {
			s.h.Compare(from, *digest)
		}
	}
}

// accept decodes a frame and holds it against its stream's greeting.
func (s *Server) accept(from uint64, b *peerpb.Batch) ([]raft.Message, *Digest, error) {
	ms, digest, err := decodeAll(b)
	for i := range ms {
		err = errors.Join(err, s.addressed(from, &ms[i]))
	}
	return ms, digest, err
}

// announced decodes the message that announces a snapshot.
func (s *Server) announced(from uint64, p *peerpb.Message) (raft.Message, error) {
	if p == nil {
		return raft.Message{}, fmt.Errorf("%w: no snapshot is announced", ErrMalformed)
	}
	m, err := decode(p)
	if err == nil {
		err = s.addressed(from, &m)
	}
	if err == nil && m.Type != raft.MsgSnapshot {
		err = fmt.Errorf("%w: no snapshot is announced", ErrMalformed)
	}
	return m, err
}

// addressed keeps a stream to what its introduction promised.
func (s *Server) addressed(from uint64, m *raft.Message) error {
	if m.From != from || m.To != s.id {
		return fmt.Errorf("%w: from %d to %d on the stream from %d to %d", ErrMalformed, m.From, m.To, from, s.id)
	}
	return nil
}

// Snapshot receives one snapshot and tells the engine of it once it is durable.
func (s *Server) Snapshot(stream grpc.ClientStreamingServer[peerpb.SnapshotChunk, peerpb.SnapshotReceived]) error {
	from, err := s.enter(stream.Context())
	if err != nil {
		return err
	}
	chunk, err := receiveChunk(stream)
	if err != nil {
		return s.refuse(from, err)
	}
	m, err := s.announced(from, chunk.Message)
	if err != nil {
		return s.refuse(from, err)
	}
	if err := s.store(stream, m, chunk); errors.Is(err, ErrCorrupt) {
		return s.refuse(from, err)
	} else if err != nil {
		return status.Error(codes.Aborted, err.Error())
	}
	s.h.Receive([]raft.Message{m})
	return stream.SendAndClose(&peerpb.SnapshotReceived{})
}

// receiveChunk takes the next chunk if it is the one that was sent.
func receiveChunk(stream grpc.ClientStreamingServer[peerpb.SnapshotChunk, peerpb.SnapshotReceived]) (*peerpb.SnapshotChunk, error) {
	chunk, err := stream.Recv()
	if undecodable(err) || err == nil && !matches(chunk.Sum, chunkSum(chunk.Offset, chunk.Data)) {
		return nil, fmt.Errorf("%w: a piece of a snapshot", ErrCorrupt)
	}
	return chunk, err
}

// store keeps what arrived intact when the rest does not come.
func (s *Server) store(stream grpc.ClientStreamingServer[peerpb.SnapshotChunk, peerpb.SnapshotReceived], m raft.Message, chunk *peerpb.SnapshotChunk) error {
	in, err := s.h.ReceiveSnapshot(m, int64(chunk.Offset))
	if err != nil {
		return fmt.Errorf("open a place for the snapshot: %w", err)
	}
	defer in.Abort()
	for {
		if _, err := in.Write(chunk.Data); err != nil {
			return fmt.Errorf("store the snapshot: %w", err)
		}
		if chunk, err = receiveChunk(stream); errors.Is(err, io.EOF) {
			return in.Commit()
		} else if err != nil {
			in.Suspend()
			return fmt.Errorf("receive the snapshot: %w", err)
		}
	}
}
