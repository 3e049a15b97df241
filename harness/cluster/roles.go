package cluster

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
)

// Statuses asks every node at once and gives the answers of those that gave one.
func Statuses(ctx context.Context, c Cluster) map[int]Status {
	var (
		mu  sync.Mutex
		wg  sync.WaitGroup
		out = map[int]Status{}
	)
	for _, id := range c.Nodes() {
		wg.Go(func() {
			s, err := c.Status(ctx, id)
			if err != nil {
				return // dead, paused or starting: it has no view to give
			}
			mu.Lock()
			defer mu.Unlock()
			out[id] = s
		})
	}
	wg.Wait()
	return out
}

// Leader asks every node and gives the one that leads in the highest term. A
// deposed leader that has not noticed claims a lower one. False if none does.
func Leader(ctx context.Context, c Cluster) (int, bool) {
	return leaderOf(Statuses(ctx, c))
}

// Voters asks every node and gives the leader's voters; all nodes, if nobody
// leads or it names none.
func Voters(ctx context.Context, c Cluster) []int {
	statuses := Statuses(ctx, c)
	if leader, ok := leaderOf(statuses); ok && len(statuses[leader].Voters) > 0 {
		return statuses[leader].Voters
	}
	return c.Nodes()
}

func leaderOf(statuses map[int]Status) (int, bool) {
	leader, term := 0, uint64(0)
	for id, s := range statuses {
		if s.IsLeader() && s.Term >= term {
			leader, term = id, s.Term
		}
	}
	return leader, leader != 0
}

// Followers gives the nodes that answer and are not the leader, ascending.
func Followers(ctx context.Context, c Cluster) []int {
	statuses := Statuses(ctx, c)
	leader, _ := leaderOf(statuses)
	var out []int
	for id := range statuses {
		if id != leader {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}

// Others gives every node but those named, ascending.
func Others(c Cluster, ids ...int) []int {
	return slices.DeleteFunc(slices.Clone(c.Nodes()), func(id int) bool { return slices.Contains(ids, id) })
}

// Random picks n different ids (all, if there are fewer), ascending. The same
// source in the same state picks the same.
func Random(r *rand.Rand, ids []int, n int) []int {
	out := slices.Clone(ids)
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	out = out[:min(n, len(out))]
	slices.Sort(out)
	return out
}
