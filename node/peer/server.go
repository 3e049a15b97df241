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

// Messages receives one peer's stream until it ends or says something wrong.
func (s *Server) Messages(stream grpc.ClientStreamingServer[peerpb.Batch, peerpb.Closed]) error {
	from, err := s.identify(stream.Context())
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
		if err != nil {
			return err
		}
		ms, err := s.accept(from, b)
		if err != nil {
			return err
		}
		s.h.Receive(ms)
		if d := b.Digest; d != nil {
			s.h.Compare(from, Digest{Index: d.Index, Digest: d.Digest})
		}
	}
}

func (s *Server) accept(from uint64, b *peerpb.Batch) ([]raft.Message, error) {
	ms := make([]raft.Message, len(b.Messages))
	for i, p := range b.Messages {
		m, err := decode(p)
		if err == nil {
			err = s.addressed(from, m)
		}
		if err != nil {
			return nil, status.Error(codes.InvalidArgument, err.Error())
		}
		ms[i] = m
	}
	return ms, nil
}

// addressed keeps a stream to what its introduction promised.
func (s *Server) addressed(from uint64, m raft.Message) error {
	if m.From != from || m.To != s.id {
		return fmt.Errorf("%w: from %d to %d on the stream from %d to %d", ErrMalformed, m.From, m.To, from, s.id)
	}
	return nil
}

// Snapshot receives one snapshot and tells the engine of it once it is durable.
func (s *Server) Snapshot(stream grpc.ClientStreamingServer[peerpb.SnapshotChunk, peerpb.SnapshotReceived]) error {
	from, err := s.identify(stream.Context())
	if err != nil {
		return err
	}
	chunk, err := stream.Recv()
	if err != nil {
		return err
	}
	if chunk.Message == nil {
		return status.Error(codes.InvalidArgument, "the first chunk announces no snapshot")
	}
	ms, err := s.accept(from, &peerpb.Batch{Messages: []*peerpb.Message{chunk.Message}})
	if err != nil {
		return err
	}
	if ms[0].Type != raft.MsgSnapshot {
		return status.Error(codes.InvalidArgument, "the first chunk announces no snapshot")
	}
	if err := s.store(stream, ms[0], chunk); err != nil {
		return status.Error(codes.Aborted, err.Error())
	}
	s.h.Receive(ms)
	return stream.SendAndClose(&peerpb.SnapshotReceived{})
}

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
		if chunk, err = stream.Recv(); errors.Is(err, io.EOF) {
			return in.Commit()
		} else if err != nil {
			in.Suspend()
			return fmt.Errorf("receive the snapshot: %w", err)
		}
	}
}
