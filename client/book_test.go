package client

import (
	"context"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	apiv1 "raftkv/client/api/v1"
	"raftkv/client/clienttest"
)

// network stands between a client and the pretended nodes: addresses can be
// swallowed, cut and lead elsewhere, and it remembers which were dialed.
type network struct {
	c  *clienttest.Cluster
	mu sync.Mutex
	// leads says where an address leads if not to itself; "" is nowhere.
	leads  map[string]string
	holes  []string
	slow   map[string]time.Duration // how long a dial takes
	dialed []string
}

func (n *network) dial(ctx context.Context, address string) (net.Conn, error) {
	n.mu.Lock()
	n.dialed = append(n.dialed, address)
	hole := slices.Contains(n.holes, address)
	to, bent := n.leads[address]
	slow := n.slow[address]
	n.mu.Unlock()
	time.Sleep(slow)
	if hole {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if bent {
		address = to
	}
	return n.c.Dial(ctx, address)
}

func (n *network) wasDialed(address string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Contains(n.dialed, address)
}

func (n *network) lead(from, to string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.leads[from] = to
}

// through makes a client that is given these addresses and dials through n.
func (n *network) through(t testing.TB, nodes []string, f ...func(*Config)) *Client {
	return connect(t, n.c, append(f, func(cfg *Config) { cfg.Nodes, cfg.dial = nodes, n.dial })...)
}

// inNetwork runs f with a pretended cluster of three in virtual time.
func inNetwork(t *testing.T, f func(t *testing.T, n *network)) {
	synctest.Test(t, func(t *testing.T) {
		f(t, &network{c: clienttest.StartInMemory(t, 3), leads: map[string]string{}})
	})
}

func onlyNodes(cfg *Config) { cfg.OnlyNodes = true }

func TestAnyMemberLeadsToTheLeader(t *testing.T) {
	inNetwork(t, func(t *testing.T, n *network) {
		mustPut(t, n.through(t, n.c.Addresses()[2:]), "k", "v")
		require.Equal(t, 1, n.c.Applied("k"))
	})
}

func TestOnlyNodesKeepsToTheList(t *testing.T) {
	inNetwork(t, func(t *testing.T, n *network) {
		cl := n.through(t, n.c.Addresses()[2:], onlyNodes)
		err := cl.Put(within(t, time.Second), "k", nil)
		requireNotDone(t, err, ErrNoLeader, ErrLeaderUnreached, context.DeadlineExceeded)
		require.ErrorContains(t, err, "node-3:7000 (node 3) follows node 1, which is none of the given addresses")
		require.False(t, n.wasDialed(n.c.Addresses()[0]))
	})
}

// A live follower among dead addresses and one that swallows everything.
func TestDeadAddressesDoNotHoldUpTheOneThatWorks(t *testing.T) {
	inNetwork(t, func(t *testing.T, n *network) {
		n.holes = []string{"hole:1", "hole:2"}
		n.c.Node(2).Stop()
		nodes := []string{"hole:1", "hole:2", n.c.Addresses()[1], n.c.Addresses()[2]}
		begun := time.Now()
		mustPut(t, n.through(t, nodes), "k", "v")
		require.Less(t, time.Since(begun), 500*time.Millisecond)
		for range 4 { // whoever's turn it is
			begun = time.Now()
			_, found, err := n.through(t, nodes).Get(within(t, 5*time.Second), "k")
			require.NoError(t, err)
			require.True(t, found)
			require.Less(t, time.Since(begun), 500*time.Millisecond)
		}
	})
}

// Two ways lead to the leader: the proxy that was given, and what it advertises.
func TestProxyThatWasCutIsNotPassedBy(t *testing.T) {
	inNetwork(t, func(t *testing.T, n *network) {
		n.leads = map[string]string{"proxy:1": n.c.Addresses()[0], "proxy:2": n.c.Addresses()[1]}
		cl := n.through(t, []string{"proxy:1", "proxy:2"})
		mustPut(t, cl, "a", "1")
		settle()
		n.lead("proxy:1", "nowhere:1")
		n.c.Node(1).Stop()
		n.c.Node(1).Start()
		err := cl.Put(within(t, 2*time.Second), "b", nil)
		require.Error(t, err)
		require.False(t, n.wasDialed(n.c.Addresses()[0]), "the advertised address was dialed")
		n.lead("proxy:1", n.c.Addresses()[0])
		mustPut(t, cl, "c", "3")
	})
}

func TestListOfMembersHelpsWhereNobodyNamesTheLeader(t *testing.T) {
	inNetwork(t, func(t *testing.T, n *network) {
		n.c.Node(3).Claim(&apiv1.StatusResponse{Id: 3, Role: "follower", Cluster: "pretended"})
		n.c.Node(3).ClaimMembers(&apiv1.MemberListResponse{Members: []*apiv1.Member{
			{Id: 1, ClientAddress: n.c.Addresses()[0]},
			{Id: 2, ClientAddress: "0.0.0.0:7001"},
			{Id: 4, ClientAddress: "hole:1"},
		}})
		n.holes = []string{"hole:1"}
		begun := time.Now()
		mustPut(t, n.through(t, n.c.Addresses()[2:]), "k", "v")
		require.Less(t, time.Since(begun), 500*time.Millisecond)
		require.False(t, n.wasDialed("0.0.0.0:7001"))
	})
}

func TestAddressesThatMeanNothingToOthersAreNotDialed(t *testing.T) {
	for _, a := range []string{"", "node", ":7001", "0.0.0.0:7001", "[::]:7001", "node:0"} {
		require.False(t, dialable(a), a)
	}
	for _, a := range []string{"node:7001", "127.0.0.1:7001", "[::1]:7001"} {
		require.True(t, dialable(a), a)
	}
}

// A read asks who has answered, and neither who has not yet nor who was only
// advertised: each of those may cost it an attempt.
func TestReadsGoToWhoAnswers(t *testing.T) {
	inNetwork(t, func(t *testing.T, n *network) {
		n.holes = []string{"hole:1", "hole:2"}
		n.c.Lead(0)
		n.c.Node(3).ClaimMembers(&apiv1.MemberListResponse{Members: []*apiv1.Member{{Id: 4, ClientAddress: "hole:2"}}})
		for range 4 { // whoever's turn it is
			cl := n.through(t, []string{"hole:1", n.c.Addresses()[2]}, func(cfg *Config) { cfg.AttemptTimeout = time.Second })
			for range 4 {
				begun := time.Now()
				_, _, err := cl.Get(within(t, 5*time.Second), "k", Stale())
				require.NoError(t, err)
				require.Less(t, time.Since(begun), 100*time.Millisecond)
			}
		}
	})
}

// The one address that was given dies; others were told of while it lived.
func TestClientOutlivesTheOnlyNodeItWasGiven(t *testing.T) {
	inNetwork(t, func(t *testing.T, n *network) {
		n.c.Node(1).ClaimMembers(&apiv1.MemberListResponse{LeaderId: 1, Members: []*apiv1.Member{
			{Id: 1, ClientAddress: n.c.Addresses()[0]}, {Id: 2, ClientAddress: n.c.Addresses()[1]},
		}})
		cl := n.through(t, n.c.Addresses()[:1])
		mustPut(t, cl, "a", "1")
		settle()
		n.c.Lead(2)
		n.c.Node(1).Stop()
		mustPut(t, cl, "b", "2")
		require.Equal(t, 1, n.c.Applied("b"))
	})
}

func TestAdvertisedAddressOfSomebodyElseIsNotBelieved(t *testing.T) {
	for name, st := range map[string]*apiv1.StatusResponse{
		"another cluster": {Id: 1, Role: "leader", Term: 9, LeaderId: 1, Cluster: "other"},
		"another node":    {Id: 2, Role: "leader", Term: 9, LeaderId: 2, Cluster: "pretended"},
	} {
		t.Run(name, func(t *testing.T) {
			inNetwork(t, func(t *testing.T, n *network) {
				n.c.Node(1).Claim(st)
				cl := n.through(t, n.c.Addresses()[2:])
				err := cl.Put(within(t, time.Second), "k", nil)
				requireNotDone(t, err, ErrLeaderUnreached)
				require.ErrorContains(t, err, "follows node 1, whose address node-1:7000 does not answer (another node answers there)")
				for range 3 {
					_, _, err = cl.Get(within(t, time.Second), "k")
					require.NoError(t, err)
				}
				require.Empty(t, n.c.Node(1).Seen(), "neither writes nor reads go there")
			})
		})
	}
}

func TestErrorsTellWhatEachAddressSaid(t *testing.T) {
	inNetwork(t, func(t *testing.T, n *network) {
		n.holes = []string{"hole:1"}
		n.c.Node(1).Advertise("hole:9")
		n.leads["hole:9"] = "nowhere:1"
		n.c.Node(2).Stop()
		cl := n.through(t, []string{n.c.Addresses()[1], "hole:1", n.c.Addresses()[2]})
		err := cl.Put(within(t, 2*time.Second), "k", nil)
		require.EqualError(t, err, `put "k": not done: no leader reached: node-2:7000: dial memory: connection refused; `+
			`hole:1: no answer; node-3:7000 (node 3) follows node 1, whose address hole:9 does not answer (dial memory: connection refused): context deadline exceeded`)
		n.c.Lead(0)
		err = cl.Put(within(t, time.Second), "k", nil)
		requireNotDone(t, err, ErrNoLeader)
		require.NotErrorIs(t, err, ErrLeaderUnreached)
		require.ErrorContains(t, err, "node-3:7000 (node 3, follower) knows no leader")
	})
}

// A given address that takes its time is waited for, and not passed by.
func TestListThatWasGivenComesFirst(t *testing.T) {
	inNetwork(t, func(t *testing.T, n *network) {
		n.leads = map[string]string{"proxy:1": n.c.Addresses()[0], "proxy:2": n.c.Addresses()[1]}
		n.slow = map[string]time.Duration{"proxy:1": 200 * time.Millisecond}
		mustPut(t, n.through(t, []string{"proxy:1", "proxy:2"}), "k", "v")
		settle()
		require.False(t, n.wasDialed(n.c.Addresses()[0]))
	})
}

// Addresses change hands; what nobody advertises any more is given up.
func TestClientFollowsMembersThatMove(t *testing.T) {
	inNetwork(t, func(t *testing.T, n *network) {
		cl := n.through(t, n.c.Addresses()[2:])
		mustPut(t, cl, "a", "1")
		n.c.Lead(2)
		mustPut(t, cl, "b", "2")
		n.lead("moved:1", n.c.Addresses()[0])
		n.c.Node(1).Advertise("moved:1")
		n.lead(n.c.Addresses()[0], "nowhere:1")
		n.c.Node(1).Stop()
		n.c.Node(1).Start()
		settle()
		n.c.Lead(1)
		n.c.Node(2).Stop()
		mustPut(t, cl, "c", "3")
		require.Equal(t, 1, n.c.Applied("c"))
		require.True(t, n.wasDialed("moved:1"))
		for _, l := range cl.router.all() {
			require.NotEqual(t, n.c.Addresses()[0], l.address)
		}
	})
}
