package fault

import (
	"fmt"
	"slices"

	"raftkv/harness/link"
)

// Bridge cuts the nodes into two halves that only the bridge reaches both of.
func Bridge(m link.Mode, bridge int, others ...int) Fault {
	half := (len(others) + 1) / 2
	f := Partition(m, others[:half], others[half:]).(onLinks)
	f.name = fmt.Sprintf("bridge n%d between %s | %s (%s)", bridge, names(others[:half]), names(others[half:]), m)
	return f
}

// Halves cuts the nodes into two halves of equal size, neither of which is a
// majority; of an odd number the first stands alone. Nobody has a quorum.
func Halves(m link.Mode, ids ...int) Fault {
	groups, rest := [][]int{}, ids
	if len(ids)%2 == 1 {
		groups, rest = append(groups, ids[:1]), ids[1:]
	}
	half := len(rest) / 2
	return Partition(m, append(groups, rest[:half], rest[half:])...)
}

// Split cuts the nodes into a minority, as large as there is, and a majority.
// The leader is on the side that leaderSide names, "minority" or "majority"; the
// rest of the minority are the first of the ids, three of them at least.
func Split(m link.Mode, leader int, leaderSide string, ids ...int) Fault {
	small := (len(ids) - 1) / 2
	rest := slices.DeleteFunc(slices.Clone(ids), func(id int) bool { return id == leader })
	if len(rest) == len(ids) || leaderSide == "majority" {
		return Partition(m, rest[:small], others(ids, rest[:small]))
	}
	minority := append([]int{leader}, rest[:small-1]...)
	return Partition(m, minority, rest[small-1:])
}

// others gives the ids that are not in some.
func others(ids, some []int) []int {
	return slices.DeleteFunc(slices.Clone(ids), func(id int) bool { return slices.Contains(some, id) })
}
