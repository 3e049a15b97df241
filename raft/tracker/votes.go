package tracker

// Votes holds the replies of one election in one term, keyed by voter. A new
// election starts with a new value, so a reply never counts in another term.
type Votes map[uint64]bool

// Record notes the first reply of a voter. Later ones change nothing: a voter
// answers once in a term, so they are duplicates (little-raft#44).
func (v Votes) Record(id uint64, granted bool) {
	if _, known := v[id]; !known {
		v[id] = granted
	}
}

// Reply tells what a voter said, and whether it said anything.
func (v Votes) Reply(id uint64) (granted, known bool) {
	granted, known = v[id]
	return granted, known
}
