package peer

import (
	"context"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"

	"raftkv/node/peer/peerpb"
	"raftkv/raft"
	"raftkv/raft/membership"
)

const (
	// queueLen messages wait for a peer at the most; behind a full queue the
	// engine's own retransmission takes over.
	queueLen = 512
	// batchBytes of entries are joined into one frame at the most: heartbeats
	// wait behind it.
	batchBytes = 256 << 10
	// reopenDelay keeps a peer that refuses streams from being asked in a spin.
	reopenDelay = 50 * time.Millisecond
)

// queued is a message and when it was queued.
type queued struct {
	raft.Message
	at time.Time
}

// sender owns the outgoing stream to one peer.
type sender struct {
	to      uint64
	address string
	learner atomic.Bool // it has no vote, as far as this node knows
	config  *Config
	cancel  context.CancelFunc
	conn    *grpc.ClientConn
	queue   chan queued
	// sending: a snapshot is on its way; retryAt: not before this (Unix ns).
	sending atomic.Bool
	retryAt atomic.Int64
	// digest is the newest that waits to be sent.
	digest chan Digest
	// open: a stream is; flush asks it to send all that is queued and to end.
	open  atomic.Bool
	flush chan chan<- struct{}
}

// offer queues m, or drops it and says so.
func (s *sender) offer(m raft.Message) bool {
	select {
	case s.queue <- queued{m, time.Now()}:
		return true
	default:
		return false
	}
}

// run keeps a stream open and sends what is queued, until ctx ends.
func (s *sender) run(ctx context.Context) {
	log := &linkLog{log: s.config.Logger.With("peer", membership.Node(s.to))}
	for ctx.Err() == nil {
		err := s.stream(ctx, log.connected)
		if ctx.Err() != nil {
			return
		}
		log.ended(err)
		s.drain()
		s.config.Unreachable(s.to) // the engine probes anew, behind the drained
		wait(ctx, reopenDelay)
	}
}

// stream opens one stream and sends until it breaks.
func (s *sender) stream(parent context.Context, connected func()) error {
	ctx, cancel := context.WithCancel(s.introduce(parent))
	defer cancel()
	stream, err := peerpb.NewPeerClient(s.conn).Messages(ctx, grpc.WaitForReady(true))
	if err != nil {
		return err
	}
	// What waited for the connection for longer than this is of no use any more.
	oldest := time.Now().Add(-s.config.BackoffMax)
	s.open.Store(true)
	defer s.open.Store(false)
	// A refusal comes back on the stream although nothing else ever does.
	refused := make(chan error, 1)
	go func() {
		if md, err := stream.Header(); err == nil && md != nil {
			connected() // the peer has said so: it knows us, and is the one we mean
		}
		refused <- stream.RecvMsg(&peerpb.Closed{})
	}()
	for {
		var b *peerpb.Batch
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-refused:
			return err
		case q := <-s.queue:
			if q.at.Before(oldest) {
				continue
			}
			b = encodeAll(s.gather(q.Message))
		case d := <-s.digest:
			b = encodeDigest(d)
		case done := <-s.flush:
			defer close(done)
			return s.finish(stream, refused)
		}
		if err := stream.Send(b); err != nil {
			return err
		}
	}
}

// drain forgets what was queued for a stream that broke.
func (s *sender) drain() {
	for {
		select {
		case <-s.queue:
		default:
			return
		}
	}
}

// gather joins what is queued behind m into one frame.
func (s *sender) gather(m raft.Message) []raft.Message {
	ms := append(make([]raft.Message, 0, 8), m)
	for size := payload(m); size < batchBytes; {
		select {
		case q := <-s.queue:
			ms = append(ms, q.Message)
			size += payload(q.Message)
		default:
			return ms
		}
	}
	return ms
}

func payload(m raft.Message) int {
	n := 0
	for _, e := range m.Entries {
		n += len(e.Data)
	}
	return n
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
