package client

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	apiv1 "raftkv/client/api/v1"
)

// router knows the way to each node, and which of them leads. Nodes are known
// by their id: an address that a node advertises may mean nothing here.
type router struct {
	cfg     Config
	ctx     context.Context
	running sync.WaitGroup
	calls   calls
	leader  atomic.Pointer[link] // nil while not known
	next    atomic.Uint32        // for reads that any node may answer

	mu    sync.Mutex
	links []*link // cfg.Nodes' first, in order; then those of advertised addresses
	book  book    // the addresses that members advertise
	// term is the highest in which some node knew a leader. A node that says it
	// leads an earlier one has been replaced, and may not know it.
	term      uint64
	found     chan struct{} // closed when leader is set
	spoken    chan struct{} // closed when some node has answered for the first time
	searching bool
	waiting   int
	doubted   time.Time
	closed    bool // no goroutine may start any more
}

func newRouter(ctx context.Context, cfg Config) (*router, error) {
	r := &router{cfg: cfg, ctx: ctx, found: make(chan struct{}), spoken: make(chan struct{})}
	for _, a := range cfg.Nodes {
		l, err := newLink(ctx, r, a, 0)
		if err != nil {
			return nil, fmt.Errorf("node %q: %w", a, err)
		}
		r.links = append(r.links, l)
	}
	return r, nil
}

// all returns the links known now.
func (r *router) all() []*link {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.links[:len(r.links):len(r.links)]
}

// byAddress returns the link to one of cfg.Nodes, or nil.
func (r *router) byAddress(a string) *link {
	for _, l := range r.all() {
		if l.address == a && l.member == 0 {
			return l
		}
	}
	return nil
}

// await returns the leader, waiting for one to be found until ctx ends.
func (r *router) await(ctx context.Context) (*link, error) {
	for {
		if l := r.leader.Load(); l != nil {
			return l, nil
		}
		found := r.join()
		var err error
		select {
		case <-found:
		case <-ctx.Done():
			err = r.whyNone()
		case <-r.ctx.Done():
			err = ErrClosed
		}
		r.leave()
		if err != nil {
			return nil, err
		}
	}
}

// join counts the caller among those who wait, and sees to it that a search
// is on.
func (r *router) join() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting++
	r.seekLocked()
	return r.found
}

func (r *router) leave() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting--
}

// any returns a node for a read: the leader, which answers at least cost, or
// else whoever is next and known to answer. not is the one that has just failed,
// or nil.
func (r *router) any(ctx context.Context, not *link) *link {
	if l := r.leader.Load(); l != nil && l != not {
		return l
	}
	r.mu.Lock()
	r.seekLocked()
	r.mu.Unlock()
	r.awaitWord(ctx)
	return r.rotate(not)
}

// awaitWord waits until some node has answered, as long as a question may take: a
// node that swallows what it is sent would cost a read far more.
func (r *router) awaitWord(ctx context.Context) {
	select {
	case <-r.spoken:
		return
	default:
	}
	t := time.NewTimer(askTimeout)
	defer t.Stop()
	select {
	case <-r.spoken:
	case <-t.C:
	case <-ctx.Done():
	}
}

// rotate takes turns among the best: nodes that answer, then those not known not
// to. What was only advertised is taken once it has told who it is.
func (r *router) rotate(not *link) *link {
	links := r.all()
	start := int(r.next.Add(1))
	pick, best := links[start%len(r.cfg.Nodes)], 0
	for i := range links {
		l := links[(start+i)%len(links)]
		if rank := l.rank(); l != not && rank > best {
			pick, best = l, rank
		}
	}
	return pick
}

// lost is told that l can no longer be taken for the leader.
func (r *router) lost(l *link, why error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.leader.Load() == l {
		r.unsetLocked(l, why)
	}
}

func (r *router) unsetLocked(l *link, why error) {
	r.leader.Store(nil)
	r.found = make(chan struct{})
	r.cfg.Logger.Debug("leader lost", "address", l.address, "id", l.id.Load(), "why", why)
	if r.waiting > 0 {
		r.seekLocked()
	}
}

// hint is told by a node that did not lead which one does. It helps only if
// that node's id is known from its own mouth.
func (r *router) hint(id uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.leader.Load() != nil || id == 0 {
		return
	}
	for _, l := range r.links {
		if l.id.Load() == id && !l.suspect.Load() {
			r.setLocked(l)
			return
		}
	}
}

// observe takes in what a node says about itself.
func (r *router) observe(l *link, st *apiv1.StatusResponse) {
	if !r.believes(l, st) {
		return
	}
	l.id.Store(st.GetId())
	l.said.Store(&word{role: st.GetRole(), leader: st.GetLeaderId(), leaderAddress: st.GetLeaderAddress()})
	l.heard()
	if old := r.digest(l, st); old != nil {
		old.moveAway()
	}
}

// digest updates the leader from l's status, and returns the leader that this
// replaces, if any.
func (r *router) digest(l *link, st *apiv1.StatusResponse) *link {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.spokenLocked()
	r.noteLocked(l, st)
	if st.GetLeaderId() != 0 {
		r.term = max(r.term, st.GetTerm())
	}
	old := r.leader.Load()
	leads := st.GetRole() == "leader" && st.GetTerm() >= r.term
	switch {
	case leads && old != l:
		r.setLocked(l)
		return old
	case !leads && old == l:
		r.unsetLocked(l, errMoved)
		return old
	}
	return nil
}

func (r *router) spokenLocked() {
	select {
	case <-r.spoken:
	default:
		close(r.spoken)
	}
}

func (r *router) setLocked(l *link) {
	before := r.leader.Swap(l)
	if before == nil {
		close(r.found)
	}
	r.cfg.Logger.Debug("leader found", "address", l.address, "id", l.id.Load(), "term", r.term)
}

// spawnLocked starts f on a goroutine that close waits for, unless that is
// under way already. r.mu is held.
func (r *router) spawnLocked(f func()) bool {
	if !r.closed {
		r.running.Go(f)
	}
	return !r.closed
}

func (r *router) spawn(f func()) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.spawnLocked(f)
}

// close ends all links and waits for every goroutine. r.ctx has ended before.
func (r *router) close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	for _, l := range r.all() {
		l.close()
	}
	r.running.Wait()
}
