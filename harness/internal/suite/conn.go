package suite

import (
	"bufio"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"

	"raftkv/harness/cluster"
)

// conn is a live HTTP/2 connection through a link.
type conn struct {
	net.Conn
	framer *http2.Framer
}

func dial(t *testing.T, addr string) conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	_, err = io.WriteString(c, http2.ClientPreface)
	require.NoError(t, err)
	out := conn{c, http2.NewFramer(c, bufio.NewReader(c))}
	require.NoError(t, out.framer.WriteSettings())
	return out
}

// ping sends a ping.
func (c conn) ping(t *testing.T, n byte) {
	t.Helper()
	require.NoError(t, c.framer.WritePing(false, [8]byte{n}))
}

// pong waits for a ping's answer and gives its number.
func (c conn) pong(wait time.Duration) (byte, error) {
	if err := c.SetReadDeadline(time.Now().Add(wait)); err != nil {
		return 0, err
	}
	for {
		f, err := c.framer.ReadFrame()
		if err != nil {
			return 0, err
		}
		if p, ok := f.(*http2.PingFrame); ok && p.IsAck() {
			return p.Data[0], nil
		}
	}
}

func (c conn) answers(t *testing.T, n byte) {
	t.Helper()
	got, err := c.pong(patience)
	require.NoError(t, err)
	assert.Equal(t, n, got)
}

// liveConnection checks what the harness relies on: held data arrives after the
// heal on the same connection; dropped data does not, and the heal closes the
// connection; a rejected link closes it at once.
func liveConnection(t *testing.T, c cluster.Cluster) {
	l := c.Links().Client(2)

	held := dial(t, l.Addr())
	held.ping(t, 1)
	held.answers(t, 1)
	installed(t)(l.Hold(t.Context()))
	held.ping(t, 2)
	installed(t)(l.Heal(t.Context()))
	held.answers(t, 2)

	dropped := dial(t, l.Addr())
	dropped.ping(t, 3)
	dropped.answers(t, 3)
	installed(t)(l.Drop(t.Context()))
	dropped.ping(t, 4)
	installed(t)(l.Heal(t.Context()))
	_, err := dropped.pong(patience)
	closed(t, err)

	rejected := dial(t, l.Addr())
	rejected.ping(t, 5)
	rejected.answers(t, 5)
	installed(t)(l.Reject(t.Context()))
	_, err = rejected.pong(patience)
	closed(t, err)
	installed(t)(l.Heal(t.Context()))
}

// closed fails the test unless the connection ended, rather than went silent.
func closed(t *testing.T, err error) {
	t.Helper()
	require.Error(t, err)
	var timeout net.Error
	if errors.As(err, &timeout) {
		assert.False(t, timeout.Timeout(), "the connection is silent, not closed")
	}
}
