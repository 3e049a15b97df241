package nodelog

import (
	"fmt"
	"maps"
	"slices"

	"raftkv/history/check"
)

// The kinds of violation that nodes' events show.
const (
	// TwoLeaders: two members led the same term.
	TwoLeaders check.Kind = "two leaders in a term"
	// VotedTwice: a member voted for two candidates in one term.
	VotedTwice check.Kind = "two votes in a term"
	// NotElected: a member led a term in which a majority of its voters surely did
	// not vote for it.
	NotElected check.Kind = "leader without a majority's votes"
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
// against Raft's promises. At most one violation of a kind is told for a member.
func Judge(streams map[string][]Event) []check.Violation {
	j := judge{
		members: map[uint64]*member{}, leaders: map[uint64]*member{},
		committed: map[uint64]claim[Entry]{}, states: map[uint64]claim[string]{},
	}
	names := slices.Sorted(maps.Keys(streams))
	for _, name := range names {
		j.meet(name, streams[name])
	}
	for _, name := range names {
		j.read(name, streams[name])
	}
	j.elected()
	return j.found
}

// claim is what a node was the first to say.
type claim[T any] struct {
	what T
	by   string
}

// judge is what holds for all nodes.
type judge struct {
	members   map[uint64]*member // by the id that they vote and are voted for by
	leaders   map[uint64]*member // by term
	committed map[uint64]claim[Entry]
	states    map[uint64]claim[string]
	offices   []office
	found     []check.Violation
}

// member is one voter's or learner's part: a node with one data folder, across its
// restarts. What a folder promised does not bind the folder that came after it.
type member struct {
	*judge
	id   uint64
	name string
	told map[check.Kind]bool

	votes      map[uint64]uint64 // term to candidate
	term, vote uint64            // durable
	durable    uint64            // the log is on disk at least up to here
	known      uint64            // known to be committed up to here
	applied    uint64

	conf  *Event // in force since the last start; nil: not told
	heard uint64 // the highest term of an entry that it knew to be committed
	seen  uint64 // the highest term that it told of
	// ended is set when its node started with another folder. gaps are terms, from
	// and to, over which its file jumps.
	ended bool
	gaps  [][2]uint64
}

// meet gives each member of a file its name: the node's, and which of its folders
// if it had several.
func (j *judge) meet(name string, events []Event) {
	var had []uint64
	for _, e := range events {
		if e.Kind == Start && e.Node != 0 && !slices.Contains(had, e.Node) {
			had = append(had, e.Node)
			j.members[e.Node] = j.member(e.Node, name+folder(len(had)))
		}
	}
}

// folder words which of a node's folders it is, after the first.
func folder(n int) string {
	switch n {
	case 1:
		return ""
	case 2:
		return " (second folder)"
	case 3:
		return " (third folder)"
	default:
		return fmt.Sprintf(" (folder %d)", n)
	}
}

func (j *judge) member(id uint64, name string) *member {
	return &member{judge: j, id: id, name: name, votes: map[uint64]uint64{}, told: map[check.Kind]bool{}}
}

// nodeOf is the number of a node in its member's id; the rest is its folder's.
func nodeOf(id uint64) uint64 { return id & 0xffff }

// show words whom an id means.
func (j *judge) show(id uint64) string {
	if m, ok := j.members[id]; ok {
		return m.name
	}
	return fmt.Sprint(nodeOf(id))
}

// read goes through a node's file. A start names the member that what follows is
// about.
func (j *judge) read(name string, events []Event) {
	now := j.member(0, name) // of a file that names nobody
	for _, e := range events {
		if next, ok := j.members[e.Node]; ok && e.Kind == Start && next != now {
			now.ended = true
			now = next
		}
		now.see(e)
	}
}

func (n *member) accuse(kind check.Kind, format string, args ...any) {
	if !n.told[kind] {
		n.told[kind] = true
		n.found = append(n.found, check.Violation{Kind: kind, Words: fmt.Sprintf(format, args...)})
	}
}

func (n *member) see(e Event) {
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
	case Conf:
		n.follows(e)
	}
	n.seen = max(n.seen, e.Term)
}
