package fault

import (
	"fmt"
	"slices"

	"raftkv/harness/link"
)

// Ring cuts links so that each node still reaches a majority, itself included,
// and no two nodes reach the same one: the nodes stand in a ring in their order,
// and each keeps its nearest neighbours. It takes four nodes at least.
func Ring(m link.Mode, ids ...int) Fault {
	reach := ringReach(len(ids))
	return cut(fmt.Sprintf("ring of majorities %s (%s)", names(ids), m), m, func(l *link.Link) bool {
		d := distance(ids, l)
		return d > 0 && min(d, len(ids)-d) > reach
	})
}

// ringReach is how many neighbours on each side make, with the node itself, a
// majority of n.
func ringReach(n int) int { return (n/2 + 1) / 2 }

// Chain leaves each node only the next and the one before, in their order.
func Chain(m link.Mode, ids ...int) Fault {
	return cut(fmt.Sprintf("chain %s (%s)", names(ids), m), m, func(l *link.Link) bool {
		return distance(ids, l) > 1
	})
}

// distance is how far apart a link's ends stand in the row; 0 if one is not in it.
func distance(ids []int, l *link.Link) int {
	from, to := slices.Index(ids, l.From()), slices.Index(ids, l.To())
	if from < 0 || to < 0 {
		return 0
	}
	return max(from-to, to-from)
}
