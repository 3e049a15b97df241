package client

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"

	"raftkv/client/api"
	apiv1 "raftkv/client/api/v1"
)

// Bounds of the pause between two tries to connect to a node.
const (
	redialMin = 50 * time.Millisecond
	redialMax = 500 * time.Millisecond
)

// link is the way to one node: its connection, and the stream on it.
type link struct {
	address string
	cc      atomic.Pointer[grpc.ClientConn] // see conn
	router  *router
	ctx     context.Context

	// id is the node's, as it told itself; 0 until then.
	id atomic.Uint64
	// suspect: it did not answer when last asked.
	suspect atomic.Bool
	// unreached is why a search did not reach it, when it last told.
	unreached atomic.Pointer[string]
	// asked: a search waits for its status.
	asked atomic.Bool

	mu  sync.Mutex
	cur *stream // nil, or the stream that new calls take
	// closed: the connection is not replaced any more.
	closed bool
}

func dialOptions(cfg Config) []grpc.DialOption {
	opts := []grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithNoProxy(),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(api.MaxMessageBytes)),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{
			Time: api.KeepaliveTime, Timeout: api.KeepaliveTimeout,
		}),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff: backoff.Config{
				BaseDelay: redialMin, Multiplier: 1.6, Jitter: 0.2, MaxDelay: redialMax,
			},
			MinConnectTimeout: cfg.DialTimeout,
		}),
	}
	if cfg.dial != nil {
		opts = append(opts, grpc.WithContextDialer(cfg.dial))
	}
	return opts
}

// newLink prepares the way to address; it connects when first used. The name
// is looked up at each dial, since a restarted node may have another address.
func newLink(ctx context.Context, r *router, address string) (*link, error) {
	l := &link{address: address, router: r, ctx: ctx}
	return l, l.dial()
}

func (l *link) dial() error {
	cc, err := grpc.NewClient("passthrough:///"+l.address, dialOptions(l.router.cfg)...)
	if err == nil {
		l.cc.Store(cc)
	}
	return err
}

// conn is the connection in use.
func (l *link) conn() *grpc.ClientConn { return l.cc.Load() }

// renew replaces a connection that changes what it carries: what was bent in
// the state that both ends share on it, such as compressed headers, stays bent.
func (l *link) renew() {
	l.mu.Lock()
	defer l.mu.Unlock()
	old := l.conn()
	if !l.closed && l.dial() == nil { // it only looks at the address, and did before
		_ = old.Close()
	}
}

// do sends req over the current stream, opening one if there is none.
func (l *link) do(ctx context.Context, req *apiv1.Request, limit time.Duration) reply {
	return l.stream().do(ctx, req, limit)
}

func (l *link) stream() *stream {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cur == nil {
		l.cur = newStream(l.ctx, l)
		if !l.router.spawn(l.cur.run) {
			l.cur.broken = ErrClosed
		}
	}
	return l.cur
}

// status asks the node about itself.
func (l *link) status(ctx context.Context) (*apiv1.StatusResponse, error) {
	return apiv1.NewStatusClient(l.conn()).Status(ctx, &apiv1.StatusRequest{})
}

// moveAway ends the calls in flight, to be sent to another node.
func (l *link) moveAway() {
	l.mu.Lock()
	s := l.cur
	l.mu.Unlock()
	if s != nil {
		s.fail(errMoved)
	}
}

// severed is told by a stream that it broke.
func (l *link) severed(s *stream, err error) {
	l.mu.Lock()
	if l.cur == s {
		l.cur = nil
	}
	l.mu.Unlock()
	l.router.lost(l, err)
}

// silent is told by a stream that a call got no answer in time, nor any other.
func (l *link) silent() {
	l.suspect.Store(true)
	l.router.lost(l, errSilent)
}

// slow is told by a stream that a call is taking long.
func (l *link) slow() { l.router.doubt(l) }

// failed is told by a search that the node did not give its status. That time
// ran out says less than what was seen before.
func (l *link) failed(err error) {
	l.suspect.Store(true)
	if c := status.Code(err); c != codes.DeadlineExceeded && c != codes.Canceled {
		why := oneLine(err)
		l.unreached.Store(&why)
	}
}

func (l *link) heard() {
	if l.suspect.Load() {
		l.suspect.Store(false)
	}
}

func (l *link) close() {
	l.mu.Lock()
	s := l.cur
	l.closed = true
	l.mu.Unlock()
	if s != nil {
		s.sever(ErrClosed)
	}
	_ = l.conn().Close() // it only says whether it was closed before
}

// oneLine gives the message of a gRPC error, fit for a line of log or output.
func oneLine(err error) string {
	return strings.Join(strings.Fields(status.Convert(err).Message()), " ")
}
