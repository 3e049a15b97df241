package link

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"
)

// Kind is what a probe through a link met.
type Kind string

const (
	// Answered means that the ping came back.
	Answered Kind = "answered"
	// Leaked means that bytes came back, but not the ping's answer in time.
	Leaked Kind = "leaked"
	// Silent means a connection on which nothing came back in time.
	Silent Kind = "silent"
	// Closed means a connection that was closed before the answer.
	Closed Kind = "closed"
	// Refused means that no connection could be made.
	Refused Kind = "refused"
)

// Probe is the result of one probe.
type Probe struct {
	Kind Kind
	// RTT is the time from the ping's departure until the answer, or until the
	// probe gave up.
	RTT time.Duration
	// Bytes is how many bytes came back.
	Bytes int
	// Err is what ended the probe when it was not answered.
	Err error
}

// String gives the result in a few words.
func (p Probe) String() string {
	return fmt.Sprintf("probe %s after %s, %d bytes back", p.Kind, p.RTT.Round(100*time.Microsecond), p.Bytes)
}

// Ping dials addr, sends the start of an HTTP/2 connection padded to at least
// pad bytes and a ping, and waits up to wait for the ping's answer. Any gRPC
// server answers at once.
func Ping(ctx context.Context, addr string, wait time.Duration, pad int) Probe {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	conn, p := greet(ctx, addr, pad)
	if conn != nil {
		_ = conn.Close()
	}
	return p
}

// greet is Ping until ctx ends. It gives the connection if the ping was answered.
func greet(ctx context.Context, addr string, pad int) (net.Conn, Probe) {
	start := time.Now()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, Probe{Kind: dialKind(err), RTT: time.Since(start), Err: err}
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })

	start = time.Now()
	go func() { _, _ = conn.Write(hello(pad)) }()
	n, err := awaitPong(conn)
	p := Probe{Kind: readKind(n, err), RTT: time.Since(start), Bytes: n, Err: err}
	if !stop() || err != nil {
		_ = conn.Close()
		return nil, p
	}
	return conn, p
}

func dialKind(err error) Kind {
	if errors.Is(err, context.DeadlineExceeded) || isTimeout(err) {
		return Silent
	}
	return Refused
}

// readKind names the end of a probe that had a connection.
func readKind(n int, err error) Kind {
	switch {
	case err == nil:
		return Answered
	case isTimeout(err) && n == 0:
		return Silent
	case isTimeout(err):
		return Leaked
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return Closed
	default:
		return Closed
	}
}

func isTimeout(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}
