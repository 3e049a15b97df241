package node

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"raftkv/node/peer"
	"raftkv/node/snapshot"
	"raftkv/raft"
	"raftkv/raft/membership"
)

const (
	// greetEvery is how often founders ask each other who they are, until their
	// cluster is founded; waitEvery how often one asks that is to be taken in.
	greetEvery = 20 * time.Millisecond
	waitEvery  = time.Second
	// greetWait bounds one greeting.
	greetWait = time.Second
)

// errStranger refuses a stream of a node that is no member of anything yet.
var errStranger = errors.New("the sender is no member of a cluster yet")

// standing is this node's place in its cluster, or how far it has come on its way
// there. The loop owns it; what others may read is public.
type standing struct {
	founding *membership.Founding
	// storing: a record is on its way to disk, and nothing is decided till then.
	// settled are to be called when it is there.
	storing bool
	settled []func()
	// why is what the log said last that this node waits for.
	why string

	// public is what this node says of itself: a record that is durable.
	public atomic.Pointer[membership.Hello]
}

func (s *standing) publish() {
	h := s.founding.Hello()
	s.public.Store(&h)
}

// identity is the cluster's number; 0 before this node is a member.
func (s *standing) identity() uint64 {
	if h := s.public.Load(); h.Phase == membership.Member {
		return h.Cluster
	}
	return 0
}

// greeted takes what another node says of itself.
func (l *loop) greeted(h membership.Hello) {
	l.standing.founding.Hear(h)
	l.found()
}

// found goes a step further on the way to a cluster, if what was heard allows it.
func (l *loop) found() {
	s := &l.standing
	if s.storing {
		return
	}
	if r, ok := s.founding.Next(); ok {
		l.storeRecord(r)
	}
	if why := s.founding.Why(); why != s.why {
		if s.why = why; why != "" {
			l.log.Info("this node is no member yet", "why", why)
		}
	}
}

// invited answers a stream that reached this node before it was a member: whoever
// dials it by the id of its folder counts that among its cluster's members.
func (l *loop) invited(g peer.Greeting, answer func(error)) {
	s := &l.standing
	if s.storing {
		s.settled = append(s.settled, func() { l.invited(g, answer) })
		return
	}
	r, err := s.founding.Invited(g.Identity, g.To, g.Learner)
	switch {
	case err != nil:
		answer(err)
	case r.Equal(s.founding.Record()):
		answer(nil)
	default:
		s.settled = append(s.settled, func() { answer(nil) })
		l.storeRecord(r)
	}
}

// storeRecord makes a record durable. A restored snapshot gets the membership of
// its founding before the record says that there is one.
func (l *loop) storeRecord(r membership.Record) {
	l.standing.storing = true
	put := func(l *loop) {
		l.disk.pending++
		l.disk.jobs.put(diskJob{record: &r})
	}
	if r.Phase != membership.Member || r.Origin == 0 {
		put(l)
		return
	}
	meta := l.snapshots.last
	meta.Conf = raft.ConfState{Voters: r.Founders}
	l.saver.Go(func() {
		err := rewrite(l.snapshots.dir, meta)
		l.events.put(func(l *loop) {
			if err != nil {
				l.fail(fmt.Errorf("found the cluster: %w", err))
				return
			}
			l.snapshots.last = meta
			put(l)
		})
	})
}

// rewrite gives the snapshot's file another membership.
func rewrite(dir *snapshot.Dir, meta raft.SnapshotMeta) error {
	f, err := dir.OpenAt(meta.Index, meta.Term)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // only read from
	_, err = dir.Import(f, meta.Conf)
	return err
}

// recordStored goes on once a record is durable.
func (l *loop) recordStored(r membership.Record) {
	s := &l.standing
	s.founding.Stored(r)
	s.storing = false
	if r.Phase == membership.Member {
		l.becomeMember(r)
	}
	s.publish()
	settled := s.settled
	s.settled = nil
	for _, do := range settled {
		do()
	}
	l.found()
}

// becomeMember gives the engine the founders; who was added hears of the members
// from the log.
func (l *loop) becomeMember(r membership.Record) {
	l.log.Info("this node is a member", "cluster", l.config.Cluster, "identity", hexadecimal(r.Cluster), "founders", membership.Nodes(r.Founders))
	if len(r.Founders) == 0 {
		return
	}
	if err := l.raft.Found(raft.ConfState{Voters: r.Founders}); err != nil {
		l.fail(fmt.Errorf("found the cluster: %w", err))
	}
}

func hexadecimal(n uint64) string { return fmt.Sprintf("%012x", n) }

// Admit says whether a stream that begins so comes from a member of this node's
// cluster, and means this very folder.
func (h handler) Admit(ctx context.Context, g peer.Greeting) error {
	if g.Identity == 0 {
		return errStranger
	}
	if own := h.n.loop.standing.public.Load(); own.Phase == membership.Member {
		return own.Admits(g.Identity, g.To)
	}
	got := make(chan error, 1)
	h.n.loop.events.put(func(l *loop) { l.invited(g, func(err error) { got <- err }) })
	select {
	case err := <-got:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-h.n.stopped:
		return ErrNotReady
	}
}

// Greeted takes what another node says of itself, and says what this one is.
func (h handler) Greeted(from membership.Hello) membership.Hello {
	h.n.loop.events.put(func(l *loop) { l.greeted(from) })
	return *h.n.loop.standing.public.Load()
}

// greetPeers tells the others of --peers who this node is and hears the same from
// them, until it is a member.
func (n *Node) greetPeers(ctx context.Context) {
	for node, address := range n.config.Peers {
		if node != n.config.ID && !n.config.Join {
			n.wg.Go(func() { n.greetPeer(ctx, address) })
		}
	}
}

func (n *Node) greetPeer(ctx context.Context, address string) {
	for ctx.Err() == nil {
		own := *n.loop.standing.public.Load()
		if own.Phase == membership.Member {
			return
		}
		pace := greetEvery
		if h, err := n.greet(ctx, address, own); err == nil {
			n.loop.events.put(func(l *loop) { l.greeted(h) })
			if h.Phase == membership.Member && own.Phase == membership.Empty {
				pace = waitEvery
			}
		}
		_ = pause(ctx, pace) // the loop's condition sees the end
	}
}

func (n *Node) greet(ctx context.Context, address string, own membership.Hello) (membership.Hello, error) {
	ctx, cancel := context.WithTimeout(ctx, greetWait)
	defer cancel()
	return n.greeter.Greet(ctx, address, own)
}
