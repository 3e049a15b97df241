package node

import (
	"sync"

	"raftkv/raft/membership"
)

// addresses remembers where clients reach each node, as the nodes told over
// the peer wire. Safe for concurrent use.
type addresses struct {
	mu sync.Mutex
	m  map[uint64]string
}

func newAddresses(c *Config) *addresses {
	return &addresses{m: map[uint64]string{c.ID: c.clientAddress()}}
}

// of is by an engine id.
func (a *addresses) of(id uint64) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.m[membership.Node(id)]
}

func (a *addresses) learn(id uint64, address string) {
	if address == "" {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.m[membership.Node(id)] = address
}

// peerAddress is where this node tells peers to find it.
func (c *Config) peerAddress() string {
	switch {
	case c.AdvertisePeer != "":
		return c.AdvertisePeer
	case c.Peers[c.ID] != "":
		return c.Peers[c.ID]
	}
	return c.ListenPeer
}

// clientAddress is where this node tells clients to find it.
func (c *Config) clientAddress() string {
	if c.AdvertiseClient != "" {
		return c.AdvertiseClient
	}
	return c.ListenClient
}
