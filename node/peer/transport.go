package peer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/time/rate"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"

	"raftkv/node/levers"
	"raftkv/raft"
	"raftkv/raft/membership"
)

// MaxFrame bounds a received frame: a batch, one oversized entry, and its frame.
const MaxFrame = 64 << 20

// keepaliveTime finds a dead connection on an idle link; gRPC takes no less.
const keepaliveTime = 10 * time.Second

// Config says who this node is and how it reaches the others.
type Config struct {
	Cluster string
	// ID is this node's id for the engine: its own and its folder's.
	ID uint64
	// Identity is the number of the cluster that this node is a member of; 0 while
	// it is none. Called from any goroutine.
	Identity func() uint64
	// ClientAddress is where clients reach this node; peers pass it on.
	ClientAddress string
	// PeerAddress is where peers reach this node, for those that have not been
	// told otherwise.
	PeerAddress string
	// Peers are whom this node dials, by engine id; Connect replaces it.
	Peers map[uint64]Peer
	// BackoffMax bounds the wait between two dials of a peer; about an election
	// timeout, so that a healed link is used at once (gRPC's own is 2 minutes).
	BackoffMax time.Duration
	// Unreachable is told that messages to a peer were lost. Called from the
	// transport's goroutines; must not block.
	Unreachable func(to uint64)
	// SnapshotSent is told how the sending of a snapshot ended, likewise.
	SnapshotSent func(to uint64, ok bool)
	// OpenSnapshot opens the bytes of the snapshot that m announces.
	OpenSnapshot func(m raft.Message) (io.ReadCloser, error)
	// SnapshotRate bounds how fast snapshots go out, to all peers together, in
	// bytes a second; 0 bounds nothing.
	SnapshotRate int
	// Corrupt is told of an answer of a peer that was changed on its way. Called
	// from the transport's goroutines.
	Corrupt func(from uint64, err error)
	Logger  *slog.Logger

	sendTimeout time.Duration // 0: sendTimeout
}

// Peer is somebody to send to.
type Peer struct {
	// Address is where this node dials it.
	Address string
	// Learner says that it is no voter as far as this node knows.
	Learner bool
}

// Transport sends to all peers. Send, Connect and Close may be called from any
// goroutine; Close once, and nothing after it.
type Transport struct {
	config  Config
	mu      sync.Mutex
	senders map[uint64]*sender
	pace    *rate.Limiter // nil: none
	ctx     context.Context
	cancel  context.CancelFunc
	wg      sync.WaitGroup
}

// Dial prepares a connection to every peer; none needs to answer yet.
func Dial(c Config) (*Transport, error) {
	ctx, cancel := context.WithCancel(context.Background())
	t := &Transport{config: c, senders: map[uint64]*sender{}, pace: newPace(c.SnapshotRate), ctx: ctx, cancel: cancel}
	if err := t.Connect(c.Peers); err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

// Connect makes the given peers the ones that can be sent to: connections to
// others end, and one to an address that changed is made anew. It does not
// wait. An address that cannot be one is an error; the others are connected.
func (t *Transport) Connect(peers map[uint64]Peer) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for id, s := range t.senders {
		p := peers[id]
		s.learner.Store(p.Learner)
		if p.Address != s.address {
			s.cancel()
			delete(t.senders, id)
		}
	}
	var errs []error
	for id, p := range peers {
		if id == t.config.ID || t.senders[id] != nil {
			continue
		}
		if err := t.connect(id, p); err != nil {
			errs = append(errs, fmt.Errorf("dial node %d at %s: %w", membership.Node(id), p.Address, err))
		}
	}
	return errors.Join(errs...)
}

func (t *Transport) connect(id uint64, p Peer) error {
	ctx, cancel := context.WithCancel(t.ctx)
	s := &sender{to: id, address: p.Address, config: &t.config, queue: make(chan queued, queueLen),
		digest: make(chan Digest, 1), renew: make(chan struct{}, 1), flush: make(chan chan<- struct{}, 1), cancel: cancel}
	s.learner.Store(p.Learner)
	if err := s.dial(); err != nil {
		cancel()
		return err
	}
	t.senders[id] = s
	t.wg.Go(func() {
		s.run(ctx)
		_ = s.conn.Load().Close()
	})
	return nil
}

func dialOptions(backoffMax time.Duration) []grpc.DialOption {
	return []grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		// Peers are on a private network, whatever HTTPS_PROXY says.
		grpc.WithNoProxy(),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: reopenDelay, Multiplier: 1.6, Jitter: 0.2, MaxDelay: backoffMax},
			MinConnectTimeout: time.Second,
		}),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: keepaliveTime, Timeout: keepaliveTime / 2}),
		grpc.WithDisableServiceConfig(),
	}
}

// ServerOptions are the peer port's counterpart of how peers dial.
func ServerOptions() []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.MaxRecvMsgSize(MaxFrame),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: keepaliveTime / 2, PermitWithoutStream: true}),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: keepaliveTime, Timeout: keepaliveTime / 2}),
	}
}

// Send queues messages for their peers and never blocks. What cannot be queued
// is dropped, and the engine told through Unreachable or SnapshotSent.
func (t *Transport) Send(ms []raft.Message) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, m := range levers.Messages(ms) {
		s := t.senders[m.To]
		switch {
		case s == nil && m.Type == raft.MsgSnapshot:
			t.config.SnapshotSent(m.To, false)
		case s == nil:
		case m.Type == raft.MsgSnapshot:
			t.sendSnapshot(s, m)
		case !s.offer(m):
			t.config.Unreachable(m.To)
		}
	}
}

// Close ends all streams and waits for their goroutines.
func (t *Transport) Close() {
	t.cancel()
	t.wg.Wait()
}
