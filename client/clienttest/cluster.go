package clienttest

import (
	"sync"
	"testing"
)

// Cluster is the state that its nodes share. Its methods may be called from
// any goroutine.
type Cluster struct {
	tb     testing.TB
	memory bool // no sockets: Dial leads to the nodes
	nodes  []*Node

	mu     sync.Mutex
	leader uint64
	term   uint64
	store  *store
	elect  func(to uint64) uint64
}

// Start starts n nodes with the ids from 1, led by node 1. They stop when the
// test ends.
func Start(tb testing.TB, n int) *Cluster {
	return start(&Cluster{tb: tb}, n)
}

// StartInMemory is Start without sockets, for a test in a synctest bubble: time
// is virtual there, and passes only when all goroutines wait. Clients reach the
// nodes by Dial.
func StartInMemory(tb testing.TB, n int) *Cluster {
	return start(&Cluster{tb: tb, memory: true}, n)
}

// InMemory says that only Dial leads to the nodes.
func (c *Cluster) InMemory() bool { return c.memory }

func start(c *Cluster, n int) *Cluster {
	c.leader, c.term, c.store = 1, 1, newStore()
	for id := range uint64(n) {
		c.nodes = append(c.nodes, &Node{cluster: c, id: id + 1, address: "127.0.0.1:0"})
	}
	for _, nd := range c.nodes {
		nd.Start()
	}
	c.tb.Cleanup(func() {
		for _, nd := range c.nodes {
			nd.Stop()
		}
	})
	return c
}

// Node returns the node with this id.
func (c *Cluster) Node(id uint64) *Node { return c.nodes[id-1] }

// Addresses returns where the nodes listen, in the order of their ids.
func (c *Cluster) Addresses() []string {
	var as []string
	for _, nd := range c.nodes {
		as = append(as, nd.Address())
	}
	return as
}

// Lead makes a node the leader of the next term; 0 leaves that term without.
func (c *Cluster) Lead(id uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.leader = id
	c.term++
}

func (c *Cluster) reign() (leader, term uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.leader, c.term
}

// Applied says how often a write to key was applied.
func (c *Cluster) Applied(key string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.store.applied[key]
}

// ExpireSessions makes the cluster forget every session.
func (c *Cluster) ExpireSessions() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.store.sessions)
}

// Sessions says how many sessions are open.
func (c *Cluster) Sessions() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.store.sessions)
}
