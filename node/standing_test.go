package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftkv/client/api"
	apiv1 "raftkv/client/api/v1"
	"raftkv/node/offline"
	"raftkv/raft"
	"raftkv/raft/boltstore"
	"raftkv/raft/membership"
)

// wipe empties the folder of a stopped node.
func (c *cluster) wipe(id uint64) {
	require.NoError(c.t, os.RemoveAll(c.config(id).DataDir))
}

// replaced waits until a node is a voter by its present folder, and by no other.
func (c *cluster) replaced(leader, id uint64) {
	require.Eventually(c.t, func() bool {
		p, err := apiv1.NewAdminClient(c.conns[leader]).MemberList(context.Background(), &apiv1.MemberListRequest{})
		if err != nil || p.Pending || len(p.Members) != len(c.peers) {
			return false
		}
		own := c.nodes[id].loop.self
		m := p.Members[id-1]
		return m.Role == "voter" && membership.ID(m.Id, m.Incarnation) == own
	}, patience, 10*time.Millisecond, "node %d is not a voter by its new folder", id)
}

func withReplacement(f *Config) { f.AutoReplace = true }

func TestAWipedVoterElectsNobodyAndIsTakenInAgain(t *testing.T) {
	c := newCluster(t, 3, withReplacement)
	c.start(1, 2, 3)
	c.leader()
	c.stop(3)
	leader := c.leader()
	for i := range 50 {
		require.NoError(t, c.put(leader, fmt.Sprint("k", i), "v"))
	}
	c.stop(1)
	c.stop(2)
	c.wipe(2)
	c.start(2, 3)
	require.Eventually(t, func() bool { return c.status(2).Waiting != "" }, patience, 10*time.Millisecond)
	before := c.status(3).Term
	c.nodes[3].campaign()
	require.Eventually(t, func() bool { return c.status(3).Role == "pre-candidate" }, patience, time.Millisecond)
	require.Zero(t, c.status(2).Term, "who counts as nothing is not even asked")
	require.Equal(t, before, c.status(3).Term)

	c.start(1)
	leader = c.leaderAmong(1, 3)
	require.Equal(t, uint64(1), leader, "node 3 lacks what was acknowledged")
	require.Equal(t, "v", c.get(leader, "k49", false))
	c.replaced(leader, 2)
	c.leader()
	require.Equal(t, "v", c.get(2, "k49", false))
	require.Empty(t, c.status(2).Waiting)
}

// leaderAmong waits until one of these leads.
func (c *cluster) leaderAmong(ids ...uint64) (leader uint64) {
	require.Eventually(c.t, func() bool {
		for _, id := range ids {
			if c.status(id).Role == "leader" {
				leader = id
				return true
			}
			c.nodes[id].campaign()
		}
		return false
	}, patience, 100*time.Millisecond, "none of %v leads", ids)
	return leader
}

func TestWhoDecidesThemselvesTakeAWipedNodeInByHand(t *testing.T) {
	c := newCluster(t, 3, nil)
	c.startAll()
	id := c.follower()
	c.stop(id)
	c.wipe(id)
	c.start(id)
	leader := c.leaderAmong(slicesWithout([]uint64{1, 2, 3}, id)...)
	require.NoError(t, c.put(leader, "a", "1"))
	require.Eventually(t, func() bool {
		p, err := apiv1.NewAdminClient(c.conns[leader]).MemberList(context.Background(), &apiv1.MemberListRequest{})
		return err == nil && len(p.Members) == 3 && p.Members[id-1].NewFolder
	}, patience, 10*time.Millisecond, "the list says so")
	require.Equal(t, "learner", c.status(id).Role)
	c.eventually(&apiv1.MemberChangeRequest{Add: map[uint64]string{id: ""}})
	c.eventually(&apiv1.MemberChangeRequest{Promote: []uint64{id}})
	c.replaced(leader, id)
	require.Equal(t, "1", c.get(id, "a", false))
}

func slicesWithout(ids []uint64, id uint64) (out []uint64) {
	for _, other := range ids {
		if other != id {
			out = append(out, other)
		}
	}
	return out
}

func TestWhoCannotBeAMemberIsRefusedByNameAndNothingStays(t *testing.T) {
	c := newCluster(t, 3, nil)
	c.startAll()
	leader := c.leader()
	gone := slicesWithout([]uint64{1, 2, 3}, leader)[0]
	nobody := freeAddress(t)
	refused := func(q *apiv1.MemberChangeRequest) string {
		e, ok := api.FromStatus(c.change(q))
		require.True(t, ok)
		require.Equal(t, apiv1.Reason_REASON_BAD_REQUEST, e.Reason)
		return e.Message
	}
	require.Contains(t, refused(&apiv1.MemberChangeRequest{Add: map[uint64]string{7: nobody}}), "node 7 does not answer at "+nobody)
	require.Contains(t, refused(&apiv1.MemberChangeRequest{Add: map[uint64]string{7: c.peers[gone]}}), fmt.Sprintf("is node %d, not node 7", gone))
	require.Empty(t, c.status(leader).Learners)

	c.eventually(&apiv1.MemberChangeRequest{Remove: []uint64{gone}})
	c.stop(gone)
	c.wipe(gone)
	edit := c.edit
	c.edit = func(f *Config) { f.Join = true }
	c.start(gone)
	c.edit = edit
	require.Contains(t, refused(&apiv1.MemberChangeRequest{Add: map[uint64]string{gone: c.peers[gone]}}), "was removed from this cluster, and an id is not used again with an empty folder")
	require.Len(t, c.status(leader).Voters, 2)
}

// A leader may invite a new folder and be lost before the change is committed: the
// folder is a member by its own record then, and by nobody else's.
func TestAFolderWhoseInvitationWasLostIsTakenIn(t *testing.T) {
	c := newCluster(t, 3, withReplacement)
	c.startAll()
	leader := c.leader()
	id := c.follower()
	c.stop(id)
	c.wipe(id)
	config := c.config(id)
	log, err := boltstore.Open(logOptions(&config))
	require.NoError(t, err)
	_, err = log.Recover(raft.SnapshotMeta{})
	require.NoError(t, err)
	r := log.Record()
	r.Phase, r.Cluster = membership.Member, c.nodes[leader].loop.standing.identity()
	require.NoError(t, errors.Join(log.SetRecord(r), log.Close()))
	c.start(id)
	c.replaced(c.leaderAmong(slicesWithout([]uint64{1, 2, 3}, id)...), id)
}

// Two clusters of one name must not mix: by a mistyped address, say.
func TestNodesOfAnotherClusterOfTheSameNameAreRefused(t *testing.T) {
	c := newCluster(t, 3, nil)
	c.startAll()
	leader := c.leader()
	other := newCluster(t, 1, nil)
	other.peers = map[uint64]string{9: freeAddress(t)}
	other.startAll()
	other.leaderAmong(9)
	e, ok := api.FromStatus(c.change(&apiv1.MemberChangeRequest{Add: map[uint64]string{9: other.peers[9]}}))
	require.True(t, ok)
	require.Contains(t, e.Message, "belongs to another cluster of the name")
	require.Len(t, c.status(leader).Voters, 3)
}

func TestHalfARestoreIsNeverServed(t *testing.T) {
	old := newCluster(t, 1, nil)
	old.startAll()
	old.leaderAmong(1)
	require.NoError(t, old.put(1, "a", "1"))
	file, err := old.backup(1)
	require.NoError(t, err)

	c := newCluster(t, 3, func(f *Config) { f.Cluster = "c2" })
	restore := func(id uint64) {
		_, err := offline.Restore(file, offline.NewNode{DataDir: c.config(id).DataDir, Cluster: "c2", ID: id, Members: []uint64{1, 2, 3}})
		require.NoError(t, err)
	}
	restore(1)
	c.start(1, 2, 3)
	for id := range c.nodes {
		require.Eventually(t, func() bool { return c.status(id).Waiting != "" }, patience, 10*time.Millisecond)
		c.nodes[id].campaign()
	}
	require.Eventually(t, func() bool {
		return c.status(1).Waiting == "the cluster is not founded yet: node 2 and this one were not restored from the same snapshot for the same members; restore every member from the same file"
	}, patience, 10*time.Millisecond)
	for id := range c.nodes {
		require.Zero(t, c.status(id).Leader)
	}
	for _, id := range []uint64{2, 3} {
		c.stop(id)
		c.wipe(id)
		restore(id)
	}
	c.start(2, 3)
	c.leader()
	for id := range c.nodes {
		require.Equal(t, "1", c.get(id, "a", false))
	}
	c.stopAll()
	c.startAll()
	c.leader()
	require.Equal(t, "1", c.get(2, "a", false))
}
