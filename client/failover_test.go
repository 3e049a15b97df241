package client

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	apiv1 "raftkv/client/api/v1"
	"raftkv/client/clienttest"
)

func TestLeaderChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clienttest.StartInMemory(t, 5)
		cl := connect(t, c)
		mustPut(t, cl, "a", "1")
		c.Lead(4)
		mustPut(t, cl, "b", "2")
		require.Len(t, puts(c.Node(4)), 1)
		require.Equal(t, 1, c.Applied("b"))
	})
}

func TestHintWithUselessAddressIsFollowedByID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clienttest.StartInMemory(t, 5)
		c.Node(4).Advertise("no-such-host.invalid:7000")
		cl := connect(t, c)
		cl.StatusAll(within(t, time.Second)) // learns who is who
		mustPut(t, cl, "a", "1")
		settle()
		c.Lead(4)
		mustPut(t, cl, "b", "2")
		require.Len(t, puts(c.Node(1)), 2)
		require.Len(t, puts(c.Node(4)), 1)
		for _, id := range []uint64{2, 3, 5} {
			require.Empty(t, puts(c.Node(id)), "the hint spared node %d", id)
		}
	})
}

func TestKilledLeaderIsReplacedFast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clienttest.StartInMemory(t, 5)
		cl := connect(t, c)
		mustPut(t, cl, "a", "1")
		c.Lead(0)
		c.Node(1).Stop()
		elected := make(chan time.Time, 1)
		time.AfterFunc(300*time.Millisecond, func() { c.Lead(3); elected <- time.Now() })
		mustPut(t, cl, "b", "2")
		require.Less(t, time.Since(<-elected), time.Second)
		require.Equal(t, 1, c.Applied("b"))
	})
}

func TestStreamBreaksAfterTheWriteWasApplied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clienttest.StartInMemory(t, 3)
		cl := connect(t, c)
		c.Node(1).SetScript(onPut(func(n int) (clienttest.Action, *apiv1.Response) {
			if n == 1 {
				return clienttest.DoAndHangUp, nil
			}
			return clienttest.Answer, nil
		}))
		mustPut(t, cl, "k", "v")
		ps := puts(c.Node(1))
		require.Len(t, ps, 2)
		require.Equal(t, ps[0].GetRetry().GetSequence(), ps[1].GetRetry().GetSequence())
		require.Equal(t, ps[0].GetRetry().GetSession(), ps[1].GetRetry().GetSession())
		require.Equal(t, 1, c.Applied("k"), "sent twice, applied once")
	})
}

func TestSilentLeaderIsLeftForTheNewOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clienttest.StartInMemory(t, 3)
		cl := connect(t, c, func(cfg *Config) { cfg.AttemptTimeout = time.Minute })
		mustPut(t, cl, "a", "1")
		c.Node(1).Silence(true)
		c.Lead(2)
		// Long before the attempt times out: the other nodes tell of a later term.
		mustPut(t, cl, "b", "2")
		require.Len(t, puts(c.Node(2)), 1)
	})
}

func TestSilentNodeWithoutWordOfAnotherLeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clienttest.StartInMemory(t, 3)
		cl := connect(t, c)
		mustPut(t, cl, "a", "1")
		settle()
		c.Node(1).Silence(true)
		c.Lead(0)
		elected := time.AfterFunc(400*time.Millisecond, func() { c.Lead(2) })
		defer elected.Stop()
		mustPut(t, cl, "b", "2")
		require.Equal(t, 1, c.Applied("b"))
		c.Node(1).Silence(false) // the held requests arrive late, and change nothing
		require.Eventually(t, func() bool { return len(puts(c.Node(1))) == 2 }, 2*time.Second, time.Millisecond)
		require.Equal(t, 1, c.Applied("b"))
	})
}

func TestReplacedLeaderThatDoesNotKnowIsNotBelieved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clienttest.StartInMemory(t, 3)
		c.Lead(2)
		c.Node(1).Claim(&apiv1.StatusResponse{Id: 1, Role: "leader", Term: 1, LeaderId: 1})
		c.Node(1).SetScript(func(*apiv1.Request) (clienttest.Action, *apiv1.Response) {
			return clienttest.Ignore, nil
		})
		cl := connect(t, c)
		for range 5 {
			mustPut(t, cl, "k", "v")
		}
		require.Len(t, puts(c.Node(2)), 5)
	})
}

func TestReadsGoElsewhereWhenTheLeaderIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clienttest.StartInMemory(t, 3)
		cl := connect(t, c)
		mustPut(t, cl, "k", "v")
		c.Node(1).Silence(true)
		for range 3 {
			v, found, err := cl.Get(within(t, 2*time.Second), "k")
			require.NoError(t, err)
			require.True(t, found)
			require.Equal(t, "v", string(v))
		}
	})
}

func TestReadAtOneNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clienttest.StartInMemory(t, 3)
		cl := connect(t, c)
		mustPut(t, cl, "k", "v")
		_, found, err := cl.Get(within(t, time.Second), "k", At(c.Addresses()[2]))
		require.NoError(t, err)
		require.True(t, found)
		require.NotNil(t, c.Node(3).Seen()[0].GetGet())

		c.Node(3).Silence(true)
		_, _, err = cl.Get(within(t, 300*time.Millisecond), "k", At(c.Addresses()[2]))
		requireNotDone(t, err, context.DeadlineExceeded)
		_, _, err = cl.Get(context.Background(), "k", At("127.0.0.1:1"))
		requireNotDone(t, err, ErrBadRequest)
	})
}

func TestRestartedNodeIsUsedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clienttest.StartInMemory(t, 1)
		cl := connect(t, c)
		mustPut(t, cl, "a", "1")
		c.Node(1).Stop()
		require.Eventually(t, func() bool { return cl.router.leader.Load() == nil }, time.Second, time.Millisecond)
		requireNotDone(t, cl.Put(within(t, 100*time.Millisecond), "b", nil), ErrUnavailable, context.DeadlineExceeded)
		c.Node(1).Start()
		mustPut(t, cl, "c", "3")
	})
}

func TestManyGoroutinesThroughLeaderChanges(t *testing.T) {
	c := clienttest.Start(t, 5)
	cl := connect(t, c)
	ctx, stop := within(t, 5*patience), make(chan struct{})
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
					if err := cl.Put(ctx, "k", []byte("v")); err != nil {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	for term := range uint64(20) {
		before := c.Applied("k")
		require.Eventually(t, func() bool { return c.Applied("k") > before+100 }, patience, time.Millisecond)
		victim := c.Node(term%5 + 1)
		c.Lead((term+1)%5 + 1)
		victim.Stop()
		victim.Start()
	}
	close(stop)
	wg.Wait()
	seen := 0
	for id := range uint64(5) {
		seen += len(puts(c.Node(id + 1)))
	}
	require.GreaterOrEqual(t, seen, c.Applied("k"))
}
