package node

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"raftkv/client/api"
	apiv1 "raftkv/client/api/v1"
)

// transfer asks the leader to hand over and returns what it said.
func (c *cluster) transfer(to uint64) *apiv1.Error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err := apiv1.NewAdminClient(c.conns[c.leads()]).TransferLeader(ctx, &apiv1.TransferLeaderRequest{To: to})
	e, _ := api.FromStatus(err)
	return e
}

func TestTransferToWhoCannotLeadIsRefusedByName(t *testing.T) {
	c := newCluster(t, 3, nil)
	c.startAll()
	c.join(4)
	c.eventually(&apiv1.MemberChangeRequest{Add: map[uint64]string{4: c.nodes[4].config.ListenPeer}})
	refused := func(to uint64, says string) {
		t.Helper()
		e := c.transfer(to)
		require.Equal(t, apiv1.Reason_REASON_BAD_REQUEST, e.GetReason())
		require.Contains(t, e.GetMessage(), says)
	}
	refused(4, "node 4 is a learner")
	refused(9, "node 9 is no member")

	leader, dead := c.leader(), c.follower()
	c.stop(dead)
	e := c.transfer(dead) // it may have been heard just now, and be tried
	require.Equal(t, apiv1.Reason_REASON_BAD_REQUEST, e.GetReason())
	require.Contains(t, e.GetMessage(), fmt.Sprintf("node %d", dead))
	require.Equal(t, leader, c.leads(), "leadership stayed")
	refused(dead, fmt.Sprintf("node %d is not heard by node %d", dead, leader))
	require.NoError(t, c.put(leader, "k", "v"))
}

// The engine gives up on who does not take over; whoever waits hears so, and not
// that nobody knows.
func TestTransferThatDidNotComeAboutIsAnswered(t *testing.T) {
	c := newCluster(t, 3, nil)
	c.startAll()
	leader, to := c.leader(), c.follower()
	n := c.nodes[leader]
	got := make(chan *apiv1.Error, 2)
	n.loop.events.put(func(l *loop) { // as if the engine had been asked and had given up since
		l.changes.waiting = append(l.changes.waiting,
			change{to: to, term: l.raft.Term(), deadline: l.now.Add(patience), answer: func(e *apiv1.Error) { got <- e }},
			change{term: l.raft.Term(), deadline: l.now.Add(patience), answer: func(e *apiv1.Error) { got <- e }})
	})
	e := <-got
	require.Equal(t, apiv1.Reason_REASON_BAD_REQUEST, e.GetReason())
	require.Contains(t, e.GetMessage(), fmt.Sprintf("leadership stays at node %d: node %d did not take over", leader, to))
	require.Equal(t, apiv1.Reason_REASON_NOT_NOW, (<-got).GetReason(), "another may still be found")
}
