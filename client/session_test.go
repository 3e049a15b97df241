package client

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"raftkv/client/api"
	apiv1 "raftkv/client/api/v1"
	"raftkv/client/clienttest"
)

func TestFirstOpenIsTheSmallestUnanswered(t *testing.T) {
	s := newSession(7)
	for want := uint64(1); want <= 4; want++ {
		r, err := s.begin(context.Background())
		require.NoError(t, err)
		require.Equal(t, &apiv1.Retry{Session: 7, Sequence: want, FirstOpen: 1}, r)
	}
	for _, step := range []struct{ ended, firstOpen uint64 }{{3, 1}, {2, 1}, {1, 4}, {4, 6}} {
		s.end(step.ended)
		r, err := s.begin(context.Background())
		require.NoError(t, err)
		require.Equal(t, step.firstOpen, r.GetFirstOpen(), "after the end of %d", step.ended)
		if r.GetSequence() == 5 {
			s.end(5)
		}
	}
}

func TestWindowBlocksWhenFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSession(1)
		for range api.SessionWindow {
			_, err := s.begin(context.Background())
			require.NoError(t, err)
		}
		full := func() error {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
			defer cancel()
			_, err := s.begin(ctx)
			return err
		}
		require.ErrorIs(t, full(), context.DeadlineExceeded)
		s.end(2) // not the oldest: nothing moves
		require.ErrorIs(t, full(), context.DeadlineExceeded)
		s.end(1)
		for _, want := range []uint64{1025, 1026} {
			r, err := s.begin(context.Background())
			require.NoError(t, err)
			require.Equal(t, want, r.GetSequence())
			require.Less(t, r.GetSequence(), r.GetFirstOpen()+api.SessionWindow)
		}
		require.ErrorIs(t, full(), context.DeadlineExceeded)
	})
}

func TestFirstOpenAdvancesOnTheWire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clienttest.StartInMemory(t, 1)
		cl := connect(t, c)
		for range 3 {
			mustPut(t, cl, "k", "v")
		}
		for i, p := range puts(c.Node(1)) {
			require.Equal(t, uint64(i+1), p.GetRetry().GetSequence())
			require.Equal(t, uint64(i+1), p.GetRetry().GetFirstOpen())
		}
	})
}

func TestExpiredSessionIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clienttest.StartInMemory(t, 1)
		cl := connect(t, c)
		mustPut(t, cl, "a", "1")
		c.ExpireSessions()
		mustPut(t, cl, "b", "2") // not done in the old one for certain: made in a new one
		require.Equal(t, 1, c.Applied("b"))
		require.Equal(t, 1, c.Sessions())
	})
}

func TestSessionThatExpiresInDoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clienttest.StartInMemory(t, 1)
		cl := connect(t, c)
		mustPut(t, cl, "a", "1")
		c.Node(1).SetScript(onPut(func(n int) (clienttest.Action, *apiv1.Response) {
			if n == 1 {
				return clienttest.DoAndHangUp, nil
			}
			c.ExpireSessions()
			return clienttest.Answer, nil
		}))
		requireUnknown(t, cl.Put(within(t, 2*time.Second), "b", nil), ErrSessionExpired)
		require.Equal(t, 1, c.Applied("b"), "not made a second time in a new session")
		c.Node(1).SetScript(nil)
		mustPut(t, cl, "c", "3")
		require.Equal(t, 1, c.Sessions())
	})
}

func TestFailedOpeningIsNotUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clienttest.StartInMemory(t, 1)
		cl := connect(t, c)
		c.Node(1).SetScript(func(r *apiv1.Request) (clienttest.Action, *apiv1.Response) {
			if r.GetOpenSession() != nil {
				return clienttest.DoSilently, nil
			}
			return clienttest.Answer, nil
		})
		requireNotDone(t, cl.Put(within(t, 100*time.Millisecond), "k", nil), context.DeadlineExceeded)
		require.Empty(t, puts(c.Node(1)))
	})
}
