package nodelog

import (
	"slices"
	"strings"
)

// office is a member's leading of a term, under a membership.
type office struct {
	by   *member
	term uint64
	conf *Event
}

// follows notes the membership in force. One that came to be of a single voter may
// have been in force since before the line above: such a voter elects itself at once.
func (n *member) follows(e Event) {
	n.conf = &e
	if len(e.Voters) < 2 && len(n.offices) > 0 && n.offices[len(n.offices)-1].by == n {
		n.offices = n.offices[:len(n.offices)-1]
	}
}

// holds notes that the member leads, if it has told by whom it had to be elected.
func (n *member) holds(term uint64) {
	if n.conf != nil && len(n.conf.Voters) > 1 && n.id != 0 {
		n.offices = append(n.offices, office{n, term, n.conf})
	}
}

// elected: a leader has the votes of a majority of the voters that it knows of, of
// both sets while a change is under way. Votes of others, of a voter's next folder
// too, count for nothing. Who cannot be ruled out is taken to have voted for it.
func (j *judge) elected() {
	for _, o := range j.offices {
		for _, voters := range [][]uint64{o.conf.Voters, o.conf.Outgoing} {
			o.needs(voters)
		}
	}
}

// needs accuses a leader that a majority of the voters surely did not elect.
func (o office) needs(voters []uint64) {
	against := slices.DeleteFunc(slices.Clone(voters), func(id uint64) bool {
		m, ok := o.by.members[id]
		return !ok || !m.refused(o.term, o.by.id)
	})
	if len(voters) == 0 || len(voters)-len(against) > len(voters)/2 {
		return
	}
	var names []string
	for _, id := range against {
		names = append(names, o.by.show(id))
	}
	o.by.accuse(NotElected, "Node %s led term %d, but of its %d voters these did not vote for it: %s.",
		o.by.name, o.term, len(voters), strings.Join(names, ", "))
}

// refused says whether the member surely did not vote for the candidate in the term.
// A vote is in the file before it is on its way. So whoever is not seen to have voted
// did not if its file goes on beyond that election: it knew an entry of that term or a
// later one to be committed, or its folder was gone; unless the file jumps over it, as
// where it could not be written for a while.
func (n *member) refused(term, candidate uint64) bool {
	if vote, ok := n.votes[term]; ok {
		return vote != candidate
	}
	jumped := slices.ContainsFunc(n.gaps, func(g [2]uint64) bool { return g[0] <= term && term <= g[1] })
	return !jumped && (n.heard >= term || n.ended)
}
