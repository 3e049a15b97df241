package client

import (
	"context"
	"time"
)

const (
	// searchMin is the pause between two rounds of questions while there is no
	// leader; it bounds how late a new one is noticed. It grows to searchMax.
	searchMin = 20 * time.Millisecond
	searchMax = 100 * time.Millisecond
	// quickRounds is how many rounds keep to searchMin: some two seconds' worth,
	// which an election takes at most.
	quickRounds = 100
	// askTimeout bounds one question. It is short, because a node that does not
	// answer is not asked again before it has passed.
	askTimeout = 300 * time.Millisecond
	// doubtEvery is how often a slow leader is doubted at most.
	doubtEvery = 100 * time.Millisecond
)

// seekLocked starts a search unless one is on. r.mu is held.
func (r *router) seekLocked() {
	if !r.searching && r.spawnLocked(r.search) {
		r.searching = true
	}
}

// search asks all nodes again and again until one says that it leads, or
// nobody waits for the answer any more. One round it makes in any case.
func (r *router) search() {
	pause := time.NewTimer(0)
	defer pause.Stop()
	for n := 0; !r.searched(n); n++ {
		select {
		case <-pause.C:
		case <-r.ctx.Done():
			return
		}
		r.askAll()
		pause.Reset(searchPause(n))
	}
}

func searchPause(round int) time.Duration {
	if round < quickRounds {
		return searchMin
	}
	return searchMax
}

// searched says, and notes, whether the search is over after n rounds.
func (r *router) searched(n int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	over := r.leader.Load() != nil || (n > 0 && r.waiting == 0)
	if over {
		r.searching = false
	}
	return over
}

// askAll asks every node for its status, without waiting for the answers. One
// that still owes an answer is not asked again.
func (r *router) askAll() {
	r.extend()
	for _, l := range r.all() {
		if l.asked.CompareAndSwap(false, true) {
			r.spawn(func() { r.ask(l) })
		}
	}
}

func (r *router) ask(l *link) {
	defer l.asked.Store(false)
	ctx, cancel := context.WithTimeout(r.ctx, askTimeout)
	defer cancel()
	st, err := l.status(ctx)
	if err != nil {
		l.failed(err)
		return
	}
	r.observe(l, st)
}

// doubt asks all nodes once whether anyone leads in a later term than l, whose
// answers take long: it may be cut off, or paused, and not know.
func (r *router) doubt(l *link) {
	r.mu.Lock()
	now := time.Now()
	due := r.leader.Load() == l && now.Sub(r.doubted) >= doubtEvery
	if due {
		r.doubted = now
	}
	r.mu.Unlock()
	if due {
		r.askAll()
	}
}
