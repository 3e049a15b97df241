package nodelog

import (
	"fmt"
	"maps"
	"slices"

	"raftkv/history/check"
)

// The kinds of violation that nodes' events show.
const (
	// TwoLeaders: two nodes led the same term.
	TwoLeaders check.Kind = "two leaders in a term"
	// VotedTwice: a node voted for two candidates in one term.
	VotedTwice check.Kind = "two votes in a term"
	// CommitChanged: two nodes, or one at two times, hold different entries
	// committed at one index.
	CommitChanged check.Kind = "committed entry changed"
	// CommitTruncated: a node dropped an entry that it knew to be committed.
	CommitTruncated check.Kind = "committed entry dropped"
	// StatesDiffer: the state after the same index is not the same everywhere.
	StatesDiffer check.Kind = "states differ at an index"
	// OutOfOrder: an entry was applied that is not the next one.
	OutOfOrder check.Kind = "entries applied out of order"
	// TermForgotten: after a restart the term or the vote is not what was durable.
	TermForgotten check.Kind = "durable term or vote forgotten"
	// LogForgotten: after a restart the log ends before what was durable.
	LogForgotten check.Kind = "durable entries forgotten"
	// AckedNotCommitted: clients were told of more writes than were committed.
	AckedNotCommitted check.Kind = "acknowledged write not committed"
)

// Judge holds the events of all nodes, each node's in the order of its file,
// against Raft's promises. At most one violation of a kind is told for a node.
func Judge(streams map[string][]Event) []check.Violation {
	j := judge{leaders: map[uint64]string{}, committed: map[uint64]claim[Entry]{}, states: map[uint64]claim[string]{}}
	for _, name := range slices.Sorted(maps.Keys(streams)) {
		n := node{judge: &j, name: name, votes: map[uint64]uint64{}, told: map[check.Kind]bool{}}
		for _, e := range streams[name] {
			n.see(e)
		}
	}
	return j.found
}

// claim is what a node was the first to say.
type claim[T any] struct {
	what T
	by   string
}

// judge is what holds for all nodes.
type judge struct {
	leaders   map[uint64]string       // term to node
	committed map[uint64]claim[Entry] // by index
	states    map[uint64]claim[string]
	found     []check.Violation
}

// node is what holds for one, across its restarts.
type node struct {
	*judge
	name string
	told map[check.Kind]bool

	votes      map[uint64]uint64 // term to candidate
	term, vote uint64            // durable
	durable    uint64            // the log is on disk at least up to here
	known      uint64            // known to be committed up to here
	applied    uint64
}

func (n *node) accuse(kind check.Kind, format string, args ...any) {
	if !n.told[kind] {
		n.told[kind] = true
		n.found = append(n.found, check.Violation{Kind: kind, Words: fmt.Sprintf(format, args...)})
	}
}

func (n *node) see(e Event) {
	switch e.Kind {
	case Start:
		n.start(e)
	case Hard:
		n.term, n.vote = e.Term, e.Vote
		n.voted(e)
	case Vote:
		n.voted(e)
	case Role:
		n.leads(e)
	case Truncate:
		n.truncate(e)
	case Durable:
		n.durable = e.Index
	case Commit:
		n.commit(e)
	case Apply:
		n.apply(e)
	case Install:
		// What a snapshot replaces need not be on disk any more; what it stands
		// for is committed.
		n.durable = min(n.durable, e.Index)
	case Restored:
		n.applied = e.Index
		n.knows(e.Index)
		n.state(e.Index, e.Digest)
	}
}
