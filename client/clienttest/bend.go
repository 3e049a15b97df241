package clienttest

import (
	"bytes"
	"io"
	"net"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// Bender stands between two ends of TCP connections and flips one bit in the
// middle of a pattern that it sees, in either direction, as often as it is told.
type Bender struct {
	Address string
	to      string
	pattern []byte
	left    atomic.Int32
	bent    atomic.Int32
}

// Bend forwards to an address until the test ends.
func Bend(tb testing.TB, to, pattern string) *Bender {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = l.Close() })
	b := &Bender{Address: l.Addr().String(), to: to, pattern: []byte(pattern)}
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			go b.forward(in)
		}
	}()
	return b
}

// Arm has it bend the next so many that it sees.
func (b *Bender) Arm(times int32) { b.left.Store(times) }

// Bent is how many bits it has flipped.
func (b *Bender) Bent() int { return int(b.bent.Load()) }

func (b *Bender) forward(in net.Conn) {
	defer func() { _ = in.Close() }()
	out, err := net.Dial("tcp", b.to)
	if err != nil {
		return
	}
	defer func() { _ = out.Close() }()
	go func() {
		b.copy(in, out)
		_ = in.Close()
	}()
	b.copy(out, in)
}

func (b *Bender) copy(to io.Writer, from io.Reader) {
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if at := bytes.Index(buf[:n], b.pattern); at >= 0 && b.left.Add(-1) >= 0 {
			buf[at+len(b.pattern)/2] ^= 1
			b.bent.Add(1)
		}
		if _, werr := to.Write(buf[:n]); err != nil || werr != nil {
			return
		}
	}
}
