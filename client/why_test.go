package client

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	apiv1 "raftkv/client/api/v1"
	"raftkv/client/clienttest"
)

// Most nodes are down and the one left has no quorum: what it says counts, and
// not that the others cannot be reached.
func TestReadWithoutAQuorumSaysSo(t *testing.T) {
	for name, script := range map[string]clienttest.Script{
		"refused": func(*apiv1.Request) (clienttest.Action, *apiv1.Response) {
			return clienttest.Answer, clienttest.Refuse(apiv1.Reason_REASON_NO_QUORUM)
		},
		"held": func(*apiv1.Request) (clienttest.Action, *apiv1.Response) { return clienttest.Ignore, nil },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := clienttest.StartInMemory(t, 3)
				c.Lead(0)
				c.Node(1).Stop()
				c.Node(3).Stop()
				c.Node(2).SetScript(script)
				cl := connect(t, c)
				_, _, err := cl.Get(within(t, time.Second), "k")
				requireNotDone(t, err, ErrNoLeader)
				require.NotErrorIs(t, err, ErrUnavailable)
				_, err = cl.List(within(t, time.Second), "k", 0, "")
				requireNotDone(t, err, ErrNoLeader)
				require.NotErrorIs(t, err, ErrUnavailable)
			})
		})
	}
}

func TestUnreachableClusterSaysWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clienttest.StartInMemory(t, 1)
		c.Node(1).Stop()
		cl := connect(t, c)
		err := cl.Put(within(t, 500*time.Millisecond), "k", nil)
		requireNotDone(t, err, ErrUnavailable)
		require.Contains(t, err.Error(), "connection refused")
		_, _, err = cl.Get(within(t, 500*time.Millisecond), "k")
		requireNotDone(t, err, ErrUnavailable)
		require.Contains(t, err.Error(), "connection refused")
	})
}

func TestLongKeyIsCutInErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clienttest.StartInMemory(t, 1)
		cl := connect(t, c)
		c.Node(1).SetScript(onPut(func(int) (clienttest.Action, *apiv1.Response) {
			return clienttest.Answer, clienttest.Refuse(apiv1.Reason_REASON_TOO_LARGE)
		}))
		err := cl.Put(within(t, time.Second), strings.Repeat("k", 2000), nil)
		requireNotDone(t, err, ErrTooLarge)
		require.Less(t, len(err.Error()), 200)
		require.Contains(t, err.Error(), "(2000 bytes)")
	})
}
