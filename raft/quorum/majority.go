package quorum

import (
	"math"
	"slices"
)

// Majority is a set of voters of which more than half decide. Build it with
// NewMajority: the methods trust that no id is in it twice.
type Majority []uint64

// NewMajority returns the set of the given ids, sorted, each once. The
// argument is left alone.
func NewMajority(ids []uint64) Majority {
	set := slices.Clone(ids)
	slices.Sort(set)
	return slices.Compact(set)
}

// Contains says whether id is one of the voters.
func (m Majority) Contains(id uint64) bool {
	_, ok := slices.BinarySearch(m, id)
	return ok
}

// Committed returns the largest number that more than half of the voters have
// reached, where at tells how far each voter is. An empty set holds nothing
// back and answers MaxUint64, so that it is neutral in a Joint.
func (m Majority) Committed(at func(id uint64) uint64) uint64 {
	if len(m) == 0 {
		return math.MaxUint64
	}
	// Seven voters sort on the stack; larger clusters pay an allocation.
	var room [7]uint64
	reached := room[:0]
	for _, id := range m {
		reached = append(reached, at(id))
	}
	slices.Sort(reached)
	// With n sorted values, those from position n-q on number q, the quorum.
	return reached[len(reached)-m.size()]
}

// Vote counts the replies of the voters, where reply tells what a voter said
// and whether it said anything. An empty set agrees to everything, so that it
// is neutral in a Joint.
func (m Majority) Vote(reply func(id uint64) (yes, known bool)) Result {
	yes, no := 0, 0
	for _, id := range m {
		switch granted, known := reply(id); {
		case !known:
		case granted:
			yes++
		default:
			no++
		}
	}
	return m.tally(yes, no)
}

// tally decides: won with a quorum of yes, lost once none can come together.
func (m Majority) tally(yes, no int) Result {
	switch {
	case len(m) == 0 || yes >= m.size():
		return Won
	case len(m)-no < m.size():
		return Lost
	default:
		return Pending
	}
}

// size is the least number of voters that any two quorums of the set share a
// member at.
func (m Majority) size() int {
	return len(m)/2 + 1
}
