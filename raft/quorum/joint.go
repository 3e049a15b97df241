package quorum

// Joint is two sets of voters that must both agree. Outside a change of
// members the second is empty and agrees to everything.
type Joint [2]Majority

// Contains says whether id votes in either set.
func (j Joint) Contains(id uint64) bool {
	return j[0].Contains(id) || j[1].Contains(id)
}

// Committed returns the largest number that a majority of both sets has
// reached.
func (j Joint) Committed(at func(id uint64) uint64) uint64 {
	return min(j[0].Committed(at), j[1].Committed(at))
}

// Vote is won when both sets are won, lost as soon as one is.
func (j Joint) Vote(reply func(id uint64) (yes, known bool)) Result {
	a, b := j[0].Vote(reply), j[1].Vote(reply)
	switch {
	case a == Lost || b == Lost:
		return Lost
	case a == Won && b == Won:
		return Won
	default:
		return Pending
	}
}
