package client

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	apiv1 "raftkv/client/api/v1"
	"raftkv/client/clienttest"
)

// connect returns a client of c's nodes, changed by f, that closes with the test.
func connect(t testing.TB, c *clienttest.Cluster, f ...func(*Config)) *Client {
	cfg := Config{Nodes: c.Addresses(), AttemptTimeout: 200 * time.Millisecond}
	if c.InMemory() {
		cfg.dial = c.Dial
	}
	for _, g := range f {
		g(&cfg)
	}
	cl, err := New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { _ = cl.Close() })
	return cl
}

// within bounds a call. In a synctest bubble the time is virtual: it passes only
// while everybody waits, so a slow machine takes nothing from it.
func within(t testing.TB, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

// patience bounds what must succeed in tests that take real time.
const patience = time.Minute

func mustPut(t testing.TB, cl *Client, key, value string) {
	t.Helper()
	limit := patience
	if cl.cfg.dial != nil { // virtual time, of which a call that succeeds takes little
		limit = 5 * time.Second
	}
	require.NoError(t, cl.Put(within(t, limit), key, []byte(value)))
}

// settle, in a synctest bubble, waits until the client has done what it began:
// a search's question that is still out might tell it of what the test does next.
func settle() {
	time.Sleep(time.Second)
	synctest.Wait()
}

func requireNotDone(t testing.TB, err error, also ...error) {
	t.Helper()
	require.ErrorIs(t, err, ErrNotDone)
	require.NotErrorIs(t, err, ErrUnknown)
	for _, e := range also {
		require.ErrorIs(t, err, e)
	}
}

func requireUnknown(t testing.TB, err error, also ...error) {
	t.Helper()
	require.ErrorIs(t, err, ErrUnknown)
	require.NotErrorIs(t, err, ErrNotDone)
	for _, e := range also {
		require.ErrorIs(t, err, e)
	}
}

// onPut makes a script that applies f to the n-th put that arrives, from 1.
func onPut(f func(n int) (clienttest.Action, *apiv1.Response)) clienttest.Script {
	n := 0
	var mu sync.Mutex
	return func(r *apiv1.Request) (clienttest.Action, *apiv1.Response) {
		mu.Lock()
		defer mu.Unlock()
		if r.GetPut() == nil {
			return clienttest.Answer, nil
		}
		n++
		return f(n)
	}
}

func puts(n *clienttest.Node) (ps []*apiv1.PutRequest) {
	for _, r := range n.Seen() {
		if p := r.GetPut(); p != nil {
			ps = append(ps, p)
		}
	}
	return ps
}

func TestEveryOperation(t *testing.T) {
	cl := connect(t, clienttest.Start(t, 3))
	ctx := within(t, patience)

	_, found, err := cl.Get(ctx, "a")
	require.NoError(t, err)
	require.False(t, found)
	mustPut(t, cl, "a", "1")
	mustPut(t, cl, "b", "2")
	v, found, err := cl.Get(ctx, "a", Stale())
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, "1", string(v))

	r, err := cl.CompareAndSwap(ctx, "a", Expect{Value: []byte("0")}, []byte("9"))
	require.NoError(t, err)
	require.Equal(t, CASResult{Swapped: false, Found: true, Actual: []byte("1")}, r)
	r, err = cl.CompareAndSwap(ctx, "c", Expect{Absent: true}, []byte("3"))
	require.NoError(t, err)
	require.Equal(t, CASResult{Swapped: true}, r)

	page, err := cl.List(ctx, "", 2, "")
	require.NoError(t, err)
	require.Equal(t, Page{More: true, Pairs: []KeyValue{{"a", []byte("1")}, {"b", []byte("2")}}}, page)
	page, err = cl.List(ctx, "", 2, "b")
	require.NoError(t, err)
	require.Equal(t, Page{Pairs: []KeyValue{{"c", []byte("3")}}}, page)

	was, err := cl.Delete(ctx, "a")
	require.NoError(t, err)
	require.True(t, was)
	was, err = cl.Delete(ctx, "a")
	require.NoError(t, err)
	require.False(t, was)
}

func TestManyGoroutinesShareOneClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clienttest.StartInMemory(t, 3)
		cl := connect(t, c)
		var wg sync.WaitGroup
		errs := make(chan error, 2000)
		for g := range 100 {
			wg.Go(func() {
				for i := range 20 {
					errs <- cl.Put(within(t, 5*time.Second), fmt.Sprint(g, "/", i), []byte("v"))
				}
			})
		}
		wg.Wait()
		close(errs)
		for err := range errs {
			require.NoError(t, err)
		}
		for g := range 100 {
			require.Equal(t, 1, c.Applied(fmt.Sprint(g, "/", 19)))
		}
		require.Equal(t, 1, c.Sessions())
	})
}

func TestCloseEndsTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clienttest.StartInMemory(t, 3)
		cl := connect(t, c)
		mustPut(t, cl, "k", "v")
		require.Equal(t, 1, c.Sessions())
		require.NoError(t, cl.Close())
		require.Zero(t, c.Sessions())
		requireNotDone(t, cl.Put(context.Background(), "k", nil), ErrClosed)
		_, _, err := cl.Get(context.Background(), "k")
		requireNotDone(t, err, ErrClosed)
		require.Error(t, cl.Close())
	})
}

func TestConfigIsChecked(t *testing.T) {
	for _, nodes := range [][]string{nil, {"nowhere"}, {"h:"}, {":1"}, {"h:1", "h:1"}} {
		_, err := New(Config{Nodes: nodes})
		require.Error(t, err, "%v", nodes)
	}
}

func TestStatusOfEveryNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clienttest.StartInMemory(t, 3)
		c.Node(2).Stop()
		cl := connect(t, c)
		all := cl.StatusAll(within(t, 2*time.Second))
		require.Len(t, all, 3)
		require.NoError(t, all[0].Err)
		require.Equal(t, "leader", all[0].Role)
		require.Equal(t, uint64(5), all[0].SnapshotIndex)
		requireNotDone(t, all[1].Err, ErrUnavailable)
		require.Equal(t, c.Addresses()[1], all[1].Address)
		require.Equal(t, uint64(1), all[2].Leader)
		_, err := cl.Status(context.Background(), "127.0.0.1:1")
		requireNotDone(t, err, ErrBadRequest)
	})
}

func TestErrorIsOneLineAndNamesTheCall(t *testing.T) {
	err := notDone(operation{"put", "k\n", 1}.String(), ErrNoLeader, errors.New("x"))
	require.EqualError(t, err, `put "k\n": not done: no leader found: x`)
}
