package node

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	apiv1 "raftkv/client/api/v1"
	"raftkv/node/kv"
	"raftkv/node/kv/kvpb"
	"raftkv/node/peer"
	"raftkv/raft"
	"raftkv/raft/boltstore"
)

// tamper replaces a node's state by another one at the same index, behind the
// engine's back.
func (c *cluster) tamper(id uint64) {
	data, err := kv.EncodeBatch([]*kvpb.Command{{Op: kvpb.Command_OP_PUT, Key: []byte("a"), Value: []byte("a lie")}})
	require.NoError(c.t, err)
	c.nodes[id].machine.tasks.put(func(m *machine) error {
		other := kv.New(kv.DefaultLimits())
		for i := range m.store.AppliedIndex() {
			if _, err := other.Apply(i+1, data); err != nil {
				return err
			}
		}
		m.store = other
		return nil
	})
}

// putUntil writes through whoever leads among ids until done says so.
func (c *cluster) putUntil(ids []uint64, done func() bool) {
	n := 0
	require.Eventually(c.t, func() bool {
		for _, id := range ids {
			ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
			_, _ = c.kv(id).Put(ctx, &apiv1.PutRequest{Key: fmt.Append(nil, "k", n), Value: []byte("v")}) // all but one refuse
			cancel()
			n++
		}
		return done()
	}, patience, time.Millisecond, "it does not happen")
}

func ended(n *Node) bool {
	select {
	case <-n.Done():
		return true
	default:
		return false
	}
}

func TestReplicaThatDivergedIsFoundAndStopsAndTheOthersGoOn(t *testing.T) {
	for _, who := range []string{"leader", "follower"} {
		t.Run(who, func(t *testing.T) {
			c := newCluster(t, 3, func(f *Config) { f.CheckEntries = 5 })
			c.startAll()
			odd := c.leader()
			if who == "follower" {
				odd = c.follower()
			}
			rest := others(c, odd)
			c.putUntil([]uint64{c.leader()}, func() bool { return c.status(odd).Applied >= 10 })
			require.Empty(t, c.status(rest[0]).Diverged, "equal states are no alarm")
			c.tamper(odd)
			c.putUntil(append(rest, odd), func() bool { return ended(c.nodes[odd]) })
			err := c.nodes[odd].Err()
			require.ErrorIs(t, err, ErrDiverged)
			require.NotContains(t, err.Error(), "\n")
			require.Eventually(t, func() bool { return len(c.status(rest[0]).Diverged) == 1 }, patience, tick)
			require.Equal(t, []uint64{odd}, c.status(rest[0]).Diverged)

			c.stop(odd)
			require.NoError(t, c.put(c.leader(), "a", "1"), "the others go on")
			require.Equal(t, "1", c.get(rest[0], "a", false))
			c.start(odd)
			require.Equal(t, "1", c.get(odd, "a", true), "it does not serve that state again")
			c.putUntil(append(rest, odd), func() bool { return len(c.status(rest[0]).Diverged) == 0 })
		})
	}
}

func others(c *cluster, not uint64) (ids []uint64) {
	for id := range c.nodes {
		if id != not {
			ids = append(ids, id)
		}
	}
	return ids
}

func TestMajorityOfDigestsDecides(t *testing.T) {
	conf := raft.ConfState{Voters: []uint64{1, 2, 3, 4, 5}, Learners: []uint64{6}}
	for name, tc := range map[string]struct {
		own    uint64
		others map[uint64]uint64
		right  uint64
		ok     bool
	}{
		"all agree":                  {7, map[uint64]uint64{2: 7, 3: 7, 4: 7, 5: 7}, 7, true},
		"too few have spoken":        {7, map[uint64]uint64{2: 7}, 0, false},
		"this one is odd":            {8, map[uint64]uint64{2: 7, 3: 7, 4: 7}, 7, true},
		"two against two":            {8, map[uint64]uint64{2: 7, 3: 7, 4: 8}, 0, false},
		"a learner has no say":       {8, map[uint64]uint64{2: 7, 3: 7, 6: 7}, 0, false},
		"neither has a former voter": {8, map[uint64]uint64{2: 7, 3: 7, 9: 7}, 0, false},
	} {
		a := newAgreement()
		a.own[10], a.others[10] = tc.own, tc.others
		right, ok := a.majority(10, 1, conf)
		require.Equal(t, tc.ok, ok, name)
		require.Equal(t, tc.right, right, name)
	}
}

func TestWhatIsRememberedOfComparisonsIsBounded(t *testing.T) {
	c := newCluster(t, 1, nil)
	c.startAll()
	done := make(chan int)
	c.nodes[1].loop.events.put(func(l *loop) {
		for i := range uint64(10 * keptChecks) {
			l.heard(2, peer.Digest{Index: i, Digest: i})
		}
		done <- len(l.agreement.others)
	})
	require.Equal(t, keptChecks, <-done)
}

// newAlone is a loop that nobody runs, of node 1 among voters.
func newAlone(t *testing.T, voters ...uint64) *loop {
	conf := raft.ConfState{Voters: voters}
	disk := boltstore.Recovered{}
	c := newCluster(t, 3, nil).config(1)
	engine, err := raft.New(engineConfig(&c, 1, disk, raft.SnapshotMeta{Conf: conf}))
	require.NoError(t, err)
	return newLoop(&c, testLog(1), engine, newMetrics())
}

// A node that is behind one peer and ahead of another has no room for what the
// latter says of long ago: that is no difference.
func TestDigestThatIsForgottenAtOnceIsNoDifference(t *testing.T) {
	l := newAlone(t, 1, 2, 3)
	for i := uint64(1); i <= keptChecks; i++ {
		l.agreement.own[i] = i
		l.heard(2, peer.Digest{Index: i + 1, Digest: i + 1})
	}
	l.heard(3, peer.Digest{Index: 1, Digest: 1})
	require.Empty(t, l.agreement.diverged())
	require.NoError(t, l.err)
}

func TestDifferenceOfARemovedMemberIsForgotten(t *testing.T) {
	l := newAlone(t, 1, 2, 3)
	l.agreement.own[1] = 7
	l.heard(3, peer.Digest{Index: 1, Digest: 8})
	l.agreement.follow(raft.ConfState{Voters: []uint64{1, 2}, VotersOutgoing: []uint64{1, 2, 3}})
	require.Equal(t, []uint64{3}, l.agreement.diverged(), "it may still stay")
	l.agreement.follow(raft.ConfState{Voters: []uint64{1, 2, 4}})
	require.Empty(t, l.agreement.diverged(), "an alarm that nothing would end")
	l.heard(9, peer.Digest{Index: 1, Digest: 8})
	require.Empty(t, l.agreement.diverged(), "nor is who is no member a cause for one")
}
