package client

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"raftkv/client/api"
	apiv1 "raftkv/client/api/v1"
	"raftkv/client/clienttest"
)

func refuse(r apiv1.Reason, message string) error {
	return api.ToStatus(&apiv1.Error{Reason: r, Message: message})
}

// adminClient is a client of a pretended cluster led by node 2, and a context
// that ends soon.
func adminClient(t *testing.T) (*clienttest.Cluster, *Client, context.Context) {
	c := clienttest.StartInMemory(t, 3)
	c.Lead(2)
	return c, connect(t, c), within(t, 2*time.Second)
}

func TestAdminCallsFollowTheLeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, cl, ctx := adminClient(t)
		ms, err := cl.Members(ctx)
		require.NoError(t, err)
		require.Equal(t, []Member{{ID: 2, Role: "voter", Leader: true, PeerAddress: "peer:1"}}, ms.Members)
		leader, err := cl.TransferLeader(ctx, 3)
		require.NoError(t, err)
		require.Equal(t, uint64(3), leader)
		ms, err = cl.Members(ctx)
		require.NoError(t, err)
		require.Equal(t, uint64(3), ms.Members[0].ID)
	})
}

func TestChangeIsTriedAgainUntilItIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, cl, ctx := adminClient(t)
		tries := 0
		c.Node(2).SetAdmin(func(q *apiv1.MemberChangeRequest) error {
			require.Equal(t, []uint64{4}, q.Promote)
			switch tries++; tries {
			case 1:
				return refuse(apiv1.Reason_REASON_NOT_NOW, "not now")
			case 2:
				return refuse(apiv1.Reason_REASON_UNKNOWN_OUTCOME, "leadership was lost")
			}
			return nil
		})
		changed, err := cl.ChangeMembers(ctx, MemberChange{Promote: []uint64{4}})
		require.NoError(t, err)
		require.True(t, changed)
		require.Equal(t, 3, tries)
	})
}

// A last try that time cuts off would leave in doubt what was refused so far.
func TestRefusedChangeIsNotTriedAgainTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := within(t, time.Second)
		require.False(t, late(ctx, ErrNotDone))
		time.Sleep(time.Second - adminMargin + time.Millisecond)
		require.True(t, late(ctx, ErrNotDone))
		require.False(t, late(ctx, ErrUnknown), "in doubt already: every try may bring the answer")
		time.Sleep(adminMargin)
		require.True(t, late(ctx, ErrUnknown))
	})
}

func TestRefusalIsToldInTheLeadersWords(t *testing.T) {
	require.EqualError(t, adminCause(&apiv1.Error{Reason: apiv1.Reason_REASON_BAD_REQUEST, Message: "node 3 is not heard"}), "node 3 is not heard")
	require.ErrorIs(t, adminCause(&apiv1.Error{Reason: apiv1.Reason_REASON_BAD_REQUEST, Message: "x"}), ErrBadRequest)
	require.EqualError(t, adminCause(&apiv1.Error{Reason: apiv1.Reason_REASON_BAD_REQUEST}), "bad request")
}

func TestChangeEndsWithWhatIsKnown(t *testing.T) {
	for name, tc := range map[string]struct {
		answer error
		kind   error
		says   string
	}{
		"impossible":      {refuse(apiv1.Reason_REASON_BAD_REQUEST, "nobody left"), ErrNotDone, "nobody left"},
		"not in time":     {refuse(apiv1.Reason_REASON_NOT_NOW, "4 has not caught up"), nil, "4 has not caught up"},
		"perhaps":         {refuse(apiv1.Reason_REASON_UNKNOWN_OUTCOME, "not final"), ErrUnknown, "not final"},
		"connection lost": {status.Error(codes.Unavailable, "gone"), ErrUnknown, "gone"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, cl, _ := adminClient(t)
				ctx := within(t, 500*time.Millisecond)
				c.Node(2).SetAdmin(func(*apiv1.MemberChangeRequest) error { return tc.answer })
				_, err := cl.ChangeMembers(ctx, MemberChange{Remove: []uint64{1}})
				if tc.kind != nil { // the last try may be on its way when time is up
					require.ErrorIs(t, err, tc.kind)
				}
				require.ErrorContains(t, err, tc.says)
			})
		})
	}
}
