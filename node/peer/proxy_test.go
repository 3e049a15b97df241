package peer

import (
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// proxied counts the connections that reach the proxy of the environment.
var proxied atomic.Int32

// TestMain names the proxy before the first connection: net/http reads the
// environment once for the life of a process.
func TestMain(m *testing.M) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	_ = os.Setenv("HTTPS_PROXY", "http://"+l.Addr().String())
	_ = os.Setenv("NO_PROXY", "")
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			proxied.Add(1)
			_ = c.Close()
		}
	}()
	m.Run()
}

// A proxy of the environment is for the web, not for peers. Only in small letters
// is localhost never looked for at a proxy.
func TestPeersByNameAreNotDialledThroughAProxy(t *testing.T) {
	address, r := serve(t, "c", 2)
	tr, _ := dial(t, "c", strings.Replace(address, "127.0.0.1", "LOCALHOST", 1), nil)
	sendUntil(t, tr, message(1), func() bool { return len(r.received()) > 0 || proxied.Load() > 0 })
	require.Zero(t, proxied.Load())
}
