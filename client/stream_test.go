package client

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	apiv1 "raftkv/client/api/v1"
	"raftkv/client/clienttest"
)

// Whoever hears that a sending failed sends again at once, to whoever is taken
// for the leader then: that must not be the node that has just failed it.
func TestCallersHearOfAFailureAfterTheRouter(t *testing.T) {
	for name, fail := range map[string]func(*stream){
		"no reply in time": func(s *stream) { s.look() },
		"connection lost":  func(s *stream) { s.sever(errors.New("cut")) },
	} {
		t.Run(name, func(t *testing.T) {
			cluster := clienttest.Start(t, 1)
			cl := connect(t, cluster)
			mustPut(t, cl, "a", "1")
			l := cl.router.leader.Load()
			require.NotNil(t, l)
			require.Eventually(t, func() bool { return !searching(cl.router) && !l.asked.Load() }, patience, time.Millisecond, "nobody is asked any more who leads")
			cluster.Node(1).Silence(true)
			defer cluster.Node(1).Silence(false)
			s, c := l.stream(), cl.router.calls.take(-1)
			require.NoError(t, s.enqueue(c, &apiv1.Request{}))
			cl.router.mu.Lock() // the router has not heard of it yet
			go fail(s)
			leader := make(chan *link)
			go func() { <-c.reply; leader <- cl.router.leader.Load() }()
			select {
			case <-leader:
				cl.router.mu.Unlock()
				t.Fatal("the caller heard of it before the router did")
			case <-time.After(100 * time.Millisecond): // long enough to see the wrong order; the right one takes no luck
			}
			cl.router.mu.Unlock()
			require.Nil(t, <-leader)
		})
	}
}

func searching(r *router) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.searching
}
