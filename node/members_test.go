package node

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"raftkv/client/api"
	apiv1 "raftkv/client/api/v1"
	"raftkv/node/peer"
	"raftkv/raft"
	"raftkv/raft/membership"
)

// join starts nodes that wait to be added, and know nobody's address.
func (c *cluster) join(ids ...uint64) {
	founders, edit := c.peers, c.edit
	defer func() { c.peers, c.edit = founders, edit }()
	c.edit = func(f *Config) {
		if edit != nil {
			edit(f)
		}
		f.Join, f.Peers, f.ListenPeer = true, nil, freeAddress(c.t)
	}
	c.start(ids...)
}

// leads waits for a leader, whoever follows it.
func (c *cluster) leads() (leader uint64) {
	require.Eventually(c.t, func() bool {
		for id := range c.nodes {
			if s := c.status(id); s.Role == "leader" {
				leader = id
			}
		}
		return leader != 0
	}, patience, patience/1000, "no leader")
	return leader
}

func (c *cluster) change(q *apiv1.MemberChangeRequest) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err := apiv1.NewAdminClient(c.conns[c.leads()]).MemberChange(ctx, q)
	return err
}

// add brings running nodes in as voters.
func (c *cluster) add(ids ...uint64) {
	q := &apiv1.MemberChangeRequest{Add: map[uint64]string{}}
	for _, id := range ids {
		q.Add[id] = c.nodes[id].config.ListenPeer
	}
	c.eventually(q)
	c.eventually(&apiv1.MemberChangeRequest{Promote: ids})
}

// eventually has a change made, as often as it is refused for now or its
// outcome is not known.
func (c *cluster) eventually(q *apiv1.MemberChangeRequest) {
	var err error
	require.Eventually(c.t, func() bool { err = c.change(q); return err == nil }, patience, patience/1000, "%v", q)
}

func (c *cluster) members(id uint64) *apiv1.MemberListResponse {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	list, err := apiv1.NewAdminClient(c.conns[id]).MemberList(ctx, &apiv1.MemberListRequest{})
	require.NoError(c.t, err)
	return list
}

func TestNodeJoinsByAddressAndServes(t *testing.T) {
	c := newCluster(t, 3, func(f *Config) { f.SnapshotEntries, f.TrailingEntries = 20, 5 })
	c.startAll()
	for i := range 50 {
		require.NoError(t, c.put(c.leader(), fmt.Sprint("k", i), fmt.Sprint(i)))
	}
	c.settled(c.leader())
	c.join(4)
	c.add(4)
	require.Positive(t, c.status(4).Installed, "it was brought up by snapshot")
	require.Equal(t, "49", c.get(4, "k49", false), "a linearizable read: it reaches the leader too")
	c.leader()
	list := c.members(4)
	require.Len(t, list.Members, 4)
	require.Equal(t, c.nodes[4].config.ListenPeer, list.Members[3].PeerAddress)
	require.Equal(t, c.peers[1], list.Members[0].PeerAddress)
	// With two of four away nothing commits; it counts.
	c.stop(c.follower())
	require.NoError(t, c.put(c.leader(), "three of four", "1"))
}

// A crash would leave it a folder that looks like one whose log was taken away.
func TestJoiningNodeTakesNoSnapshotBeforeATermIsOnDisk(t *testing.T) {
	c := newCluster(t, 1, nil)
	c.startAll()
	c.join(2)
	m := raft.Message{Type: raft.MsgSnapshot, From: 1, To: 2, Term: 1, Snapshot: &raft.SnapshotMeta{Index: 5, Term: 1}}
	_, err := handler{c.nodes[2]}.ReceiveSnapshot(m, 0)
	require.ErrorIs(t, err, ErrNotReady)
	c.add(2)
	in, err := handler{c.nodes[2]}.ReceiveSnapshot(m, 0)
	require.NoError(t, err)
	in.Abort()
}

func TestEveryNodeIsReplacedAndTheDataStays(t *testing.T) {
	c := newCluster(t, 3, nil)
	c.startAll()
	require.NoError(t, c.put(c.leader(), "a", "1"))
	c.join(4, 5, 6)
	add := map[uint64]string{}
	for _, id := range []uint64{4, 5, 6} {
		add[id] = c.nodes[id].config.ListenPeer
	}
	c.eventually(&apiv1.MemberChangeRequest{Add: add})
	c.eventually(&apiv1.MemberChangeRequest{Promote: []uint64{4, 5, 6}, Remove: []uint64{1, 2, 3}})
	for _, id := range []uint64{1, 2, 3} {
		require.Eventually(t, func() bool { return c.status(id).Role == "learner" && fmt.Sprint(c.status(id).Voters) == "[4 5 6]" },
			patience, patience/1000, "node %d knows that it was removed", id)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err := c.kv(1).Get(ctx, &apiv1.GetRequest{Key: []byte("a")})
	require.Equal(t, codes.FailedPrecondition, status.Code(err), "it says at once that it cannot serve")
	for _, id := range []uint64{1, 2, 3} {
		c.stop(id)
	}
	require.Equal(t, "1", c.get(c.leader(), "a", false))
	// All of it is in their logs: the founders' addresses are of no use any more.
	for _, id := range []uint64{4, 5, 6} {
		f := c.nodes[id].config
		c.stop(id)
		n, err := Start(f)
		require.NoError(t, err)
		c.restarted(id, n)
	}
	require.Equal(t, "1", c.get(c.leader(), "a", false))
}

func TestARestartGoesByTheLogAndNotByTheFlag(t *testing.T) {
	c := newCluster(t, 3, nil)
	c.startAll()
	c.leader()
	c.stopAll()
	c.edit = func(f *Config) {
		f.Peers = map[uint64]string{1: c.peers[1], 2: c.peers[2], 3: c.peers[3], 9: "127.0.0.1:1"}
	}
	c.startAll()
	require.Equal(t, []uint64{1, 2, 3}, c.status(c.leader()).Voters)
}

func TestChangesAreRefusedWithAReason(t *testing.T) {
	c := newCluster(t, 3, nil)
	c.startAll()
	require.NoError(t, c.put(c.leader(), "a", "1"))
	for want, q := range map[apiv1.Reason]*apiv1.MemberChangeRequest{
		apiv1.Reason_REASON_NOT_NOW:     {Promote: []uint64{4}},
		apiv1.Reason_REASON_BAD_REQUEST: {Remove: []uint64{1, 2, 3}},
	} {
		e, ok := api.FromStatus(c.change(q))
		require.True(t, ok)
		require.Equal(t, want, e.Reason)
	}
	_, err := apiv1.NewAdminClient(c.conns[c.follower()]).MemberChange(context.Background(), &apiv1.MemberChangeRequest{Remove: []uint64{1}})
	require.Equal(t, codes.FailedPrecondition, status.Code(err))
	require.NoError(t, c.change(&apiv1.MemberChangeRequest{Remove: []uint64{9}}), "it is so already")
}

func TestTransferAnswersWhenSomebodyElseLeads(t *testing.T) {
	c := newCluster(t, 3, nil)
	c.startAll()
	to := c.follower()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	p, err := apiv1.NewAdminClient(c.conns[c.leader()]).TransferLeader(ctx, &apiv1.TransferLeaderRequest{To: to})
	require.NoError(t, err)
	require.Equal(t, to, p.LeaderId)
	_, err = apiv1.NewAdminClient(c.conns[c.leader()]).TransferLeader(ctx, &apiv1.TransferLeaderRequest{To: 9})
	require.Equal(t, codes.InvalidArgument, status.Code(err))
}

func TestAddressesOfMembers(t *testing.T) {
	conf := raft.ConfState{Voters: []uint64{1, 2, 3}, Learners: []uint64{4}}
	m := newMembers(&Config{ID: 1, Peers: map[uint64]string{1: "me", 2: "flag"}}, 1)
	m.met(2, "told")
	m.met(3, "told")
	conf.Context = m.context(conf, map[uint64]string{4: "added"}, nil)
	require.Equal(t, map[uint64]string{1: "me", 2: "told", 3: "told", 4: "added"}, addressesIn(conf))
	require.Equal(t, map[uint64]peer.Peer{2: {Address: "flag"}, 3: {Address: "told"}, 4: {Address: "added", Learner: true}}, m.peers(conf))
	again := membership.ID(3, 77)
	conf.Learners = append(conf.Learners, again)
	require.Equal(t, peer.Peer{Address: "told", Learner: true}, m.peers(conf)[again], "another folder at the same address")
	m.met(9, "stranger")
	require.Equal(t, "stranger", m.peers(conf)[9].Address, "who talks to this node can be answered")
	m.left(9)
	require.NotContains(t, m.peers(conf), uint64(9))
}

func TestFoundersMayBeFewerThanPeers(t *testing.T) {
	c := newCluster(t, 3, nil)
	c.edit = func(f *Config) { f.Founders = []uint64{1, 2} }
	c.start(1, 2)
	require.Equal(t, []uint64{1, 2}, c.status(c.leader()).Voters)
	c.edit = func(f *Config) { f.Join = true }
	c.start(3)
	c.eventually(&apiv1.MemberChangeRequest{Add: map[uint64]string{3: ""}})
	c.eventually(&apiv1.MemberChangeRequest{Promote: []uint64{3}})
	require.Equal(t, []uint64{1, 2, 3}, c.status(c.leader()).Voters)
	e, ok := api.FromStatus(c.change(&apiv1.MemberChangeRequest{Add: map[uint64]string{9: ""}}))
	require.True(t, ok)
	require.Equal(t, "no address is known of node 9", e.Message)
}

// A leader that has just been elected knows of no successor yet: that passes.
func TestTransferToAnybodyIsTriedAgainWhileNobodyIsHeard(t *testing.T) {
	l := newAlone(t, 1, 2, 3)
	elect(t, l)
	for to, want := range map[uint64]apiv1.Reason{raft.None: apiv1.Reason_REASON_NOT_NOW, 9: apiv1.Reason_REASON_BAD_REQUEST} {
		var got *apiv1.Error
		l.transferLeader(to, l.now, func(e *apiv1.Error) { got = e })
		require.Equal(t, want, got.GetReason(), "to %d", to)
	}
}

func TestRemovedMembersAreRemembered(t *testing.T) {
	conf := raft.ConfState{Voters: []uint64{1, 2, 3}}
	m := newMembers(&Config{ID: 1, Peers: map[uint64]string{1: "a", 2: "b", 3: "c"}}, 1)
	conf.Context = m.context(conf, nil, []uint64{3})
	conf.Context = m.context(conf, nil, []uint64{2})
	require.Equal(t, confContext{Addresses: map[uint64]string{1: "a", 3: "c"}, Removed: []uint64{2, 3}}, contextOf(conf))
	conf.Context = []byte(`{"1":"x","2":"y"}`)
	require.Equal(t, map[uint64]string{1: "x", 2: "y"}, addressesIn(conf), "as an earlier version wrote it")
}

// elect makes the node of a loop that nobody runs the leader of term 1.
func elect(t *testing.T, l *loop) {
	l.raft.Campaign()
	require.NoError(t, l.raft.Step(raft.Message{Type: raft.MsgPreVoteResp, From: 2, To: 1, Term: 1}))
	l.raft.AppendDone(l.raft.Ready().Durable())
	require.NoError(t, l.raft.Step(raft.Message{Type: raft.MsgVoteResp, From: 2, To: 1, Term: 1}))
	require.Equal(t, raft.Leader, l.raft.Role())
}
