package scenarios

import (
	"math/rand/v2"
	"slices"

	"raftkv/harness/cluster"
)

// The roles of drawn steps, beside Leader and Everybody. How many nodes they
// mean is the step's Count.
const (
	Follower Target = "follower"
	Anyone   Target = "anyone"
	// Elected is a leader of a later term than that in which the round began.
	Elected Target = "newly elected"
)

// one words a single node of the role.
func (t Target) one() string {
	switch t {
	case Leader, Elected:
		return "the " + string(t.plain())
	case Follower:
		return "a follower"
	default:
		return "any node"
	}
}

// many words several.
func (t Target) many() string {
	if t == Follower {
		return "followers"
	}
	return "nodes"
}

func (t Target) plain() Target {
	if t == Elected {
		return "newly elected leader"
	}
	return t
}

// among says which nodes a role means, count of them, of those that no other
// fault of the round has. leader is 0 if there is none to be had: then any
// will do. Everybody gives all nodes, in the order that the source draws.
func (t Target) among(r *rand.Rand, count, leader int, all, free []int) []int {
	rest := without(free, leader)
	switch {
	case t == Everybody:
		order := slices.Clone(all)
		r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		return order
	case (t == Leader || t == Elected) && slices.Contains(free, leader):
		return with(leader, cluster.Random(r, rest, count-1))
	case t == Follower && len(rest) > 0:
		return cluster.Random(r, rest, count)
	default:
		return cluster.Random(r, free, count)
	}
}
