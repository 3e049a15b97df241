package client

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	apiv1 "raftkv/client/api/v1"
	"raftkv/client/clienttest"
)

func TestUnknownStaysUnknown(t *testing.T) {
	refusals := map[string]apiv1.Reason{
		"not leader":  apiv1.Reason_REASON_NOT_LEADER,
		"overloaded":  apiv1.Reason_REASON_OVERLOADED,
		"too large":   apiv1.Reason_REASON_TOO_LARGE,
		"bad request": apiv1.Reason_REASON_BAD_REQUEST,
		"expired":     apiv1.Reason_REASON_SESSION_EXPIRED,
		"no quorum":   apiv1.Reason_REASON_NO_QUORUM,
	}
	for name, reason := range refusals {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := clienttest.StartInMemory(t, 1)
				cl := connect(t, c)
				c.Node(1).SetScript(onPut(func(n int) (clienttest.Action, *apiv1.Response) {
					if n == 1 {
						return clienttest.DoAndHangUp, nil
					}
					return clienttest.Answer, clienttest.Refuse(reason)
				}))
				err := cl.Put(within(t, 300*time.Millisecond), "k", []byte("v"))
				requireUnknown(t, err)
				require.GreaterOrEqual(t, len(puts(c.Node(1))), 2, "the last word was the refusal")
			})
		})
	}
}

func TestUnknownReplyIsTriedAgainAndMayTurnOutWell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clienttest.StartInMemory(t, 1)
		cl := connect(t, c)
		c.Node(1).SetScript(onPut(func(n int) (clienttest.Action, *apiv1.Response) {
			if n < 3 {
				return clienttest.Answer, clienttest.Refuse(apiv1.Reason_REASON_UNKNOWN_OUTCOME)
			}
			return clienttest.Answer, nil
		}))
		mustPut(t, cl, "k", "v")
		require.Len(t, puts(c.Node(1)), 3)
	})
}

func TestReasonFromTheFutureIsUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clienttest.StartInMemory(t, 1)
		cl := connect(t, c, func(cfg *Config) { cfg.NoSession = true })
		c.Node(1).SetScript(onPut(func(int) (clienttest.Action, *apiv1.Response) {
			return clienttest.Answer, clienttest.Refuse(99)
		}))
		requireUnknown(t, cl.Put(within(t, time.Second), "k", nil))
	})
}

func TestRefusalsThatEndTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for reason, want := range map[apiv1.Reason]error{
			apiv1.Reason_REASON_TOO_LARGE:   ErrTooLarge,
			apiv1.Reason_REASON_BAD_REQUEST: ErrBadRequest,
		} {
			c := clienttest.StartInMemory(t, 1)
			cl := connect(t, c)
			c.Node(1).SetScript(onPut(func(int) (clienttest.Action, *apiv1.Response) {
				return clienttest.Answer, clienttest.Refuse(reason)
			}))
			err := cl.Put(within(t, 5*time.Second), "k", nil)
			requireNotDone(t, err, want)
			require.NotErrorIs(t, err, context.DeadlineExceeded)
			require.Len(t, puts(c.Node(1)), 1)
		}
	})
}

func TestOverloadedIsTriedAFewTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clienttest.StartInMemory(t, 1)
		cl := connect(t, c)
		full := func(below int) clienttest.Script {
			return onPut(func(n int) (clienttest.Action, *apiv1.Response) {
				if n < below {
					return clienttest.Answer, clienttest.Refuse(apiv1.Reason_REASON_OVERLOADED)
				}
				return clienttest.Answer, nil
			})
		}
		c.Node(1).SetScript(full(overloadTries))
		mustPut(t, cl, "k", "v")
		c.Node(1).SetScript(full(100))
		requireNotDone(t, cl.Put(within(t, 5*time.Second), "k", nil), ErrOverloaded)
		require.Equal(t, 1, c.Applied("k"))
	})
}

func TestRequestOverTheTransportLimitIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clienttest.StartInMemory(t, 1)
		cl := connect(t, c)
		requireNotDone(t, cl.Put(within(t, time.Second), "k", make([]byte, 17<<20)), ErrTooLarge)
		require.Empty(t, c.Node(1).Seen())
		require.NoError(t, cl.Put(within(t, 5*time.Second), "k", make([]byte, 15<<20)))
	})
}

func TestDeadlineWhileTheWriteIsOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clienttest.StartInMemory(t, 1)
		cl := connect(t, c)
		mustPut(t, cl, "a", "1")
		c.Node(1).SetScript(onPut(func(int) (clienttest.Action, *apiv1.Response) {
			return clienttest.DoSilently, nil
		}))
		start := time.Now()
		err := cl.Put(within(t, 150*time.Millisecond), "k", nil)
		require.Less(t, time.Since(start), time.Second)
		requireUnknown(t, err, context.DeadlineExceeded)

		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(50*time.Millisecond, cancel)
		requireUnknown(t, cl.Put(ctx, "k", nil), context.Canceled)
	})
}

func TestDeadlineBeforeTheWriteCouldGoOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clienttest.StartInMemory(t, 3)
		c.Lead(0)
		cl := connect(t, c)
		requireNotDone(t, cl.Put(within(t, 500*time.Millisecond), "k", nil), ErrNoLeader, context.DeadlineExceeded)
		for id := range uint64(3) {
			c.Node(id + 1).Stop()
		}
		requireNotDone(t, cl.Put(within(t, 100*time.Millisecond), "k", nil), ErrUnavailable, context.DeadlineExceeded)
		gone, cancel := context.WithCancel(context.Background())
		cancel()
		requireNotDone(t, cl.Put(gone, "k", nil), context.Canceled)
		_, _, err := cl.Get(within(t, 100*time.Millisecond), "k")
		requireNotDone(t, err, ErrUnavailable, context.DeadlineExceeded)
	})
}

func TestDefaultTimeoutAppliesWithoutADeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clienttest.StartInMemory(t, 1)
		c.Lead(0)
		cl := connect(t, c, func(cfg *Config) { cfg.RequestTimeout = 500 * time.Millisecond })
		requireNotDone(t, cl.Put(context.Background(), "k", nil), ErrNoLeader, context.DeadlineExceeded)
	})
}

func TestWithoutASession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clienttest.StartInMemory(t, 3)
		cl := connect(t, c, func(cfg *Config) { cfg.NoSession = true })
		mustPut(t, cl, "a", "1")
		require.Zero(t, c.Sessions())
		require.Nil(t, puts(c.Node(1))[0].GetRetry())

		settle()
		c.Lead(2) // a definite refusal may be followed up
		mustPut(t, cl, "b", "2")

		c.Node(2).SetScript(onPut(func(int) (clienttest.Action, *apiv1.Response) {
			return clienttest.DoAndHangUp, nil
		}))
		start := time.Now()
		requireUnknown(t, cl.Put(within(t, 5*time.Second), "c", nil))
		require.Less(t, time.Since(start), time.Second, "at once, not at the deadline")
		require.Equal(t, 1, c.Applied("c"))
	})
}

func TestCloseEndsCallsInFlightAsUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clienttest.StartInMemory(t, 1)
		cl := connect(t, c)
		mustPut(t, cl, "a", "1")
		c.Node(1).SetScript(func(*apiv1.Request) (clienttest.Action, *apiv1.Response) {
			return clienttest.Ignore, nil
		})
		done := make(chan error, 1)
		go func() { done <- cl.Put(context.Background(), "k", nil) }()
		require.Eventually(t, func() bool { return len(puts(c.Node(1))) == 2 }, time.Second, time.Millisecond)
		require.NoError(t, cl.Close())
		requireUnknown(t, <-done, ErrClosed)
	})
}

// The node keeps the deadline of a call too, and its word that it passed may
// come before our own clock says so.
func TestDeadlineThatTheNodeKeptIsTheCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cl := connect(t, clienttest.StartInMemory(t, 1))
		err := cl.statusError(t.Context(), "backup", status.Error(codes.DeadlineExceeded, "context deadline exceeded"))
		requireNotDone(t, err, ErrUnavailable, context.DeadlineExceeded)
	})
}
