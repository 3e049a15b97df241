package fault

import (
	"fmt"
	"slices"
	"strings"

	"raftkv/harness/link"
)

// Partition cuts the links between nodes of different groups, both ways. A node
// that is in no group keeps all its links: it bridges them.
func Partition(m link.Mode, groups ...[]int) Fault {
	sides := make([]string, len(groups))
	for i, g := range groups {
		sides[i] = names(g)
	}
	return cut(fmt.Sprintf("partition %s (%s)", strings.Join(sides, " | "), m), m, func(l *link.Link) bool {
		from, to := groupOf(groups, l.From()), groupOf(groups, l.To())
		return from >= 0 && to >= 0 && from != to
	})
}

// groupOf gives the number of the group that holds the id, or -1.
func groupOf(groups [][]int, id int) int {
	return slices.IndexFunc(groups, func(g []int) bool { return slices.Contains(g, id) })
}
