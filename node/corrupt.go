package node

import (
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"raftkv/raft/membership"
)

// corruptEvery is the least time between two lines of log about frames of the
// same sender that were changed on their way. All of them are counted.
const corruptEvery = 30 * time.Second

// corruption counts frames that are not the ones that were sent. Safe for
// concurrent use.
type corruption struct {
	log           *slog.Logger
	peers, client prometheus.Counter

	mu   sync.Mutex
	told map[uint64]time.Time // by node; 0: the clients
}

func newCorruption(log *slog.Logger, m *metrics) *corruption {
	return &corruption{log: log, peers: m.corrupt.WithLabelValues("peer"), client: m.corrupt.WithLabelValues("client"), told: map[uint64]time.Time{}}
}

// peer notes one from a peer, or who claims to be that.
func (c *corruption) peer(from uint64, err error) {
	c.peers.Inc()
	if from = membership.Node(from); c.due(from) {
		c.log.Warn("a peer's frame was changed on its way and is sent again; check the network between the two", "peer", from, "error", err)
	}
}

// request notes one from a client.
func (c *corruption) request(err error) {
	c.client.Inc()
	if c.due(0) {
		c.log.Warn("a client's request was changed on its way and was not done; check the network between the two", "error", err)
	}
}

func (c *corruption) due(from uint64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if last, ok := c.told[from]; ok && now.Sub(last) < corruptEvery {
		return false
	}
	c.told[from] = now
	return true
}
