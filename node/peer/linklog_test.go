package peer

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// lockedBuffer is a log that several goroutines write.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// loud is dial with a log that can be read.
func loud(t *testing.T, address string, unreachable func(uint64)) *lockedBuffer {
	out := &lockedBuffer{}
	tr, err := Dial(Config{
		Cluster: "c", ID: 1, Identity: func() uint64 { return 7 }, Peers: map[uint64]Peer{1: {Address: "self"}, 2: {Address: address}}, BackoffMax: 50 * time.Millisecond,
		Unreachable: unreachable, Logger: slog.New(slog.NewTextHandler(out, nil)),
	})
	require.NoError(t, err)
	t.Cleanup(tr.Close)
	return out
}

func TestConnectedIsSaidOnceThePeerAccepted(t *testing.T) {
	address, _ := serve(t, "c", 2)
	out := loud(t, address, func(uint64) {})
	require.Eventually(t, func() bool { return strings.Contains(out.String(), "connected to peer") }, patience, time.Millisecond)
}

// A wrong node accepts the connection, refuses the stream, and is dialled again
// and again: one line, and it says why.
func TestRefusalIsToldOnceAndNeverAsAConnection(t *testing.T) {
	address, _ := serve(t, "c", 3)
	ends := make(chan uint64, 1000)
	out := loud(t, address, func(to uint64) { ends <- to })
	for range 5 {
		<-ends
	}
	require.Equal(t, 1, strings.Count(out.String(), "refuses this node"), out)
	require.Contains(t, out.String(), "this is node 3, not node 2")
	require.NotContains(t, out.String(), "connected to peer")
}

func TestConnectionThatComesAndGoesIsToldAFewTimes(t *testing.T) {
	out := &lockedBuffer{}
	l := &linkLog{log: slog.New(slog.NewTextHandler(out, nil))}
	for range 100 {
		l.connected()
		l.ended(errors.New("cut"))
	}
	require.Equal(t, linkLines, strings.Count(out.String(), "\n"))
	require.Equal(t, 1, strings.Count(out.String(), "debug level"))
}
