package peer

import (
	"context"
	"errors"
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
	// sendTimeout ends a stream that takes nothing although there is something to
	// send: a flow-control frame that was bent would hold it up for ever. A frame
	// of entries beyond batchBytes is given as much more.
	sendTimeout = 10 * time.Second
)

var (
	// errStuck ends a stream that takes nothing any more.
	errStuck = errors.New("the peer takes no more data")
	// errBent ends one whose connection is not to be relied on.
	errBent = errors.New("the connection changes what it carries")
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
	// conn is replaced by run alone.
	conn  atomic.Pointer[grpc.ClientConn]
	queue chan queued
	// sending: a snapshot is on its way; retryAt: not before this (Unix ns).
	sending atomic.Bool
	retryAt atomic.Int64
	// digest is the newest that waits to be sent.
	digest chan Digest
	// renew asks for another connection, as a snapshot was bent on this one.
	renew chan struct{}
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
		s.redial(err)
		wait(ctx, reopenDelay)
	}
}

// stream opens one stream and sends until it breaks.
func (s *sender) stream(parent context.Context, connected func()) error {
	ctx, cancel := context.WithCancelCause(s.introduce(parent))
	defer cancel(nil)
	stream, err := peerpb.NewPeerClient(s.conn.Load()).Messages(ctx, grpc.WaitForReady(true))
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
	err = s.pump(ctx, &watched{stream, newWatchdog(s.config, cancel)}, refused, oldest)
	if context.Cause(ctx) == errStuck {
		return errStuck
	}
	return err
}

// pump sends what is queued, but for what is older than oldest.
func (s *sender) pump(ctx context.Context, stream *watched, refused <-chan error, oldest time.Time) error {
	for {
		var b *peerpb.Batch
		size := 0
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-refused:
			return err
		case q := <-s.queue:
			if q.at.Before(oldest) {
				continue
			}
			b, size = s.batch(q.Message)
		case <-s.renew:
			return errBent
		case d := <-s.digest:
			b = encodeDigest(d)
		case done := <-s.flush:
			defer close(done)
			return s.finish(stream, refused)
		}
		if err := stream.send(b, size); err != nil {
			return err
		}
	}
}

// batch makes a frame of m and what is queued behind it, and says of how many
// bytes of entries.
func (s *sender) batch(m raft.Message) (*peerpb.Batch, int) {
	ms, size := s.gather(m)
	return encodeAll(ms), size
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

// gather joins what is queued behind m, and counts the bytes of its entries.
func (s *sender) gather(m raft.Message) ([]raft.Message, int) {
	ms := append(make([]raft.Message, 0, 8), m)
	size := payload(m)
	for size < batchBytes {
		select {
		case q := <-s.queue:
			ms = append(ms, q.Message)
			size += payload(q.Message)
		default:
			return ms, size
		}
	}
	return ms, size
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
