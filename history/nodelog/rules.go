package nodelog

// start: what was durable is there again. A node that says it is recovering has
// found damage, knows that entries are missing, and must not vote; its term and
// vote hold all the same.
func (n *member) start(e Event) {
	n.conf = nil
	if n.seen < e.Term {
		n.gaps = append(n.gaps, [2]uint64{n.seen, e.Term - 1})
	}
	if e.Term < n.term {
		n.accuse(TermForgotten, "Node %s had term %d on disk, and started again with term %d.", n.name, n.term, e.Term)
	}
	if e.Term == n.term && n.vote != 0 && e.Vote != n.vote {
		n.accuse(TermForgotten, "Node %s had its vote for node %s in term %d on disk, and started again with a vote for %s.", n.name, n.show(n.vote), n.term, n.show(e.Vote))
	}
	if e.Index < n.durable && !e.Recovering {
		n.accuse(LogForgotten, "Node %s had its log on disk up to %d, and started again with a log that ends at %d.", n.name, n.durable, e.Index)
	}
	n.term, n.vote, n.durable, n.applied = e.Term, e.Vote, e.Index, e.Applied
	n.voted(e)
	n.knows(e.Applied)
	n.state(e.Applied, e.Digest)
}

// voted: one vote a term, whether sent or on disk.
func (n *member) voted(e Event) {
	if e.Vote == 0 {
		return
	}
	if was, ok := n.votes[e.Term]; ok && was != e.Vote {
		n.accuse(VotedTwice, "Node %s voted for node %s and for node %s in term %d.", n.name, n.show(was), n.show(e.Vote), e.Term)
		return
	}
	n.votes[e.Term] = e.Vote
}

// leads: one leader a term.
func (n *member) leads(e Event) {
	if e.Role != "leader" {
		return
	}
	n.holds(e.Term)
	if other, ok := n.leaders[e.Term]; ok && other != n {
		n.accuse(TwoLeaders, "Nodes %s and %s both led term %d.", other.name, n.name, e.Term)
		return
	}
	n.leaders[e.Term] = n
}

// truncate: an entry that a node knows to be committed stays in its log.
func (n *member) truncate(e Event) {
	if e.Index <= n.known {
		n.accuse(CommitTruncated, "Node %s dropped its log from %d on, though it knew it to be committed up to %d.", n.name, e.Index, n.known)
	}
	if e.Index <= n.durable {
		n.durable = e.Index - 1
	}
}

// commit: what is committed at an index is the same everywhere and for ever.
func (n *member) commit(e Event) {
	for i, entry := range e.Entries {
		index := e.Index + uint64(i)
		n.heard = max(n.heard, entry.Term)
		first, ok := n.committed[index]
		if !ok {
			n.committed[index] = claim[Entry]{entry, n.name}
		} else if first.what != entry {
			n.accuse(CommitChanged, "Node %s has an entry of term %d committed at %d, node %s another of term %d there.",
				n.name, entry.Term, index, first.by, first.what.Term)
		}
		n.knows(index)
	}
}

// apply: entry after entry, to the same state everywhere.
func (n *member) apply(e Event) {
	if e.Index != n.applied+1 {
		n.accuse(OutOfOrder, "Node %s applied entry %d after entry %d.", n.name, e.Index, n.applied)
	}
	n.applied = e.Index
	n.state(e.Index, e.Digest)
}

func (n *member) state(index uint64, digest string) {
	if digest == "" {
		return
	}
	first, ok := n.states[index]
	if !ok {
		n.states[index] = claim[string]{digest, n.name}
	} else if first.what != digest {
		n.accuse(StatesDiffer, "After entry %d node %s's state is %s and node %s's is %s.", index, n.name, digest, first.by, first.what)
	}
}

// knows notes that the node knows entries up to index to be committed.
func (n *member) knows(index uint64) { n.known = max(n.known, index) }
