package peer

import (
	"context"
	"errors"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/status"

	"raftkv/node/peer/peerpb"
)

// watchdog cancels a stream of which a send does not end.
type watchdog struct {
	timer   *time.Timer
	timeout time.Duration
	last    int // bytes of the frame before, which may still be on its way
}

func newWatchdog(c *Config, cancel context.CancelCauseFunc) *watchdog {
	timeout := c.sendTimeout
	if timeout == 0 {
		timeout = sendTimeout
	}
	timer := time.AfterFunc(timeout, func() { cancel(errStuck) })
	timer.Stop()
	return &watchdog{timer: timer, timeout: timeout}
}

// watched is a stream with its watchdog. One goroutine may use it.
type watched struct {
	grpc.ClientStreamingClient[peerpb.Batch, peerpb.Closed]
	dog *watchdog
}

// send sends a frame with so many bytes of entries.
func (w *watched) send(b *peerpb.Batch, size int) error {
	d := w.dog
	d.timer.Reset(d.timeout * time.Duration(1+(d.last+size)/batchBytes))
	defer d.timer.Stop()
	d.last = size
	return w.Send(b)
}

// dial prepares the connection.
func (s *sender) dial() error {
	conn, err := grpc.NewClient("passthrough:///"+s.address, dialOptions(s.config.BackoffMax)...)
	if err == nil {
		s.conn.Store(conn)
	}
	return err
}

// suspect asks for another connection when a call failed as one does whose bytes
// were changed: with a bent path it is not even known.
func (s *sender) suspect(err error) {
	switch c := status.Code(err); {
	case errors.Is(err, ErrCorrupt), c == codes.DataLoss, c == codes.Unimplemented, c == codes.Internal:
		select {
		case s.renew <- struct{}{}:
		default:
		}
	}
}

// redial replaces a connection that still stands although its stream ended for
// another reason than who this node is. Both ends share state on a connection,
// the compressed headers and the flow control: what was bent there stays bent.
func (s *sender) redial(err error) {
	old := s.conn.Load()
	if status.Code(err) == codes.FailedPrecondition || old.GetState() != connectivity.Ready {
		return
	}
	if s.dial() == nil { // it only looks at the address, and did before
		_ = old.Close()
	}
}
