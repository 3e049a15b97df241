package cluster

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// readyEvery spaces the looks for a leader.
const readyEvery = 20 * time.Millisecond

// Ready is a leader that a majority agrees on.
type Ready struct {
	Leader int
	Term   uint64
	// Took is how long that took to see.
	Took time.Duration
}

// WaitReady waits until a node leads, and a majority of its voters (of all
// nodes, if it names none) names it as leader in its term. ErrNoLeader, with what each node said
// last, if that does not happen within the bound.
//
// Right after a leader is cut off the others still name it: see WaitReadyAfter.
func WaitReady(ctx context.Context, c Cluster, within time.Duration) (Ready, error) {
	return WaitReadyAfter(ctx, c, 0, within)
}

// WaitReadyAfter is WaitReady for a leader of a later term than the given one.
func WaitReadyAfter(ctx context.Context, c Cluster, term uint64, within time.Duration) (Ready, error) {
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	v := watch(ctx, c)
	tick := time.NewTicker(readyEvery)
	defer tick.Stop()
	for {
		if r, ok := agreed(v.all(), len(c.Nodes())); ok && r.Term > term {
			r.Took = time.Since(start)
			return r, nil
		}
		select {
		case <-ctx.Done():
			return Ready{}, fmt.Errorf("%w agreed by a majority of %d within %s: %s", ErrNoLeader, len(c.Nodes()), within, v)
		case <-tick.C:
		}
	}
}

// views is what each node said last; a node that does not answer has no entry.
type views struct {
	nodes    []int
	mu       sync.Mutex
	statuses map[int]Status
}

// watch asks each node again and again, on a goroutine of its own so that a
// paused node, whose every answer takes until the timeout, holds up no other.
// The goroutines end with ctx.
func watch(ctx context.Context, c Cluster) *views {
	v := &views{nodes: c.Nodes(), statuses: map[int]Status{}}
	for _, id := range v.nodes {
		go func() {
			tick := time.NewTicker(readyEvery)
			defer tick.Stop()
			for ctx.Err() == nil {
				s, err := c.Status(ctx, id)
				v.set(id, s, err)
				select {
				case <-ctx.Done():
				case <-tick.C:
				}
			}
		}()
	}
	return v
}

func (v *views) set(id int, s Status, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if err != nil {
		delete(v.statuses, id)
		return
	}
	v.statuses[id] = s
}

func (v *views) all() map[int]Status {
	v.mu.Lock()
	defer v.mu.Unlock()
	return maps.Clone(v.statuses)
}

// String tells what each node said.
func (v *views) String() string {
	statuses := v.all()
	var parts []string
	for _, id := range v.nodes {
		s, ok := statuses[id]
		if !ok {
			parts = append(parts, fmt.Sprintf("n%d no answer", id))
			continue
		}
		parts = append(parts, fmt.Sprintf("n%d %s term %d leader %d", id, s.Role, s.Term, s.Leader))
	}
	return strings.Join(parts, ", ")
}

// agreed says whether a majority of the leader's voters, or of n nodes if it
// names none, names one leader in one term.
func agreed(statuses map[int]Status, n int) (Ready, bool) {
	leader, ok := leaderOf(statuses)
	if !ok {
		return Ready{}, false
	}
	term, voters, votes := statuses[leader].Term, statuses[leader].Voters, 0
	for id, s := range statuses {
		if s.Leader == leader && s.Term == term && (len(voters) == 0 || slices.Contains(voters, id)) {
			votes++
		}
	}
	if len(voters) > 0 {
		n = len(voters)
	}
	return Ready{Leader: leader, Term: term}, votes > n/2
}
