package raft

import (
	"cmp"
	"encoding/binary"
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/cespare/xxhash/v2"
	"github.com/stretchr/testify/require"

	"raftkv/raft/tracker"
)

// world is one state of a small cluster, as the small-world search sees it: the
// engines with their disks, the messages on their way, and what an observer
// must remember to judge. Worlds share what they do not change: a smallNode is
// never changed once its world is complete.
type world struct {
	nodes  []*smallNode // by id - 1
	flight []flying     // sorted by sum
	seen   *ghost
	left   budget
	trail  *trail
}

// smallNode is an engine with its disk. Time has no part in it: whoever is
// asked for a vote has not heard a leader for an election timeout, as being
// refused by one that has is the same as never being delivered.
type smallNode struct {
	eng     *Node
	hs      HardState
	entries []Entry
	pending []Ready // taken, not yet on disk
	sum     uint64
}

// flying is a message on its way. One that is lost just stays here.
type flying struct {
	m   Message
	sum uint64
}

// budget bounds what a path may do besides delivering messages. It is part of
// the state: the same cluster with more left can still do more.
type budget struct{ campaigns, proposals, beats, crashes, copies int }

// ghost is what an observer remembers of the past; it only grows.
type ghost struct {
	leaders   []ballotBox // sorted by term
	committed []ghostEntry
	sum       uint64
}

type ballotBox struct{ term, leader uint64 }

// ghostEntry is a committed entry, and the term in which it was.
type ghostEntry struct {
	term, inTerm uint64
	data         string
}

// trail is how a world was reached.
type trail struct {
	before *trail
	act    action
}

// clone copies an engine whose outbox is empty and which holds no reads.
func (n *Node) clone() *Node {
	c, log := *n, *n.log
	log.entries = slices.Clip(log.entries) // whoever appends first moves away
	c.log = &log
	c.votes = maps.Clone(n.votes)
	if n.progress != nil {
		c.progress = make(map[uint64]*tracker.Progress, len(n.progress))
		for id, pr := range n.progress {
			p := *pr
			p.Inflight = pr.Inflight.Clone()
			c.progress[id] = &p
		}
	}
	return &c
}

// clone is a smallNode that may be changed.
func (s *smallNode) clone() *smallNode {
	return &smallNode{eng: s.eng.clone(), hs: s.hs, entries: slices.Clip(s.entries), pending: slices.Clip(s.pending)}
}

// seal fixes the sum once nothing changes any more. Timers do not count, and
// nobody recovers: these disks are never damaged.
func (s *smallNode) seal(buf []byte) []byte {
	n := s.eng
	n.electionElapsed = n.cfg.ElectionTicks
	buf = uvarints(buf[:0], n.hs.Term, n.hs.Vote, uint64(n.role), n.leader, n.commit, n.durable.Term, n.durable.Vote,
		n.log.handed, n.log.stable, s.hs.Term, s.hs.Vote, uint64(len(s.entries)), uint64(len(s.pending)))
	buf = entryBytesOf(buf, n.log.entries)
	buf = entryBytesOf(buf, s.entries)
	for _, rd := range s.pending {
		buf = uvarints(buf, rd.durable.HardState.Term, rd.durable.HardState.Vote, rd.durable.Index, rd.durable.Term)
		for _, m := range rd.MessagesAfterAppend {
			buf = uvarints(buf, sumOf(m))
		}
	}
	for id := range uint64(len(n.peers) + 2) {
		granted, known := n.votes.Reply(id)
		buf = append(buf, bit(granted), bit(known))
		if pr := n.progress[id]; pr != nil {
			buf = uvarints(buf, pr.Match, pr.Next, uint64(pr.State), pr.SentCommit, uint64(pr.Inflight.Count()))
			buf = append(buf, bit(pr.ProbeSent), bit(pr.Nudge), bit(pr.MayNudge))
		}
	}
	s.sum = xxhash.Sum64(buf)
	return buf
}

func entryBytesOf(buf []byte, entries []Entry) []byte {
	for _, e := range entries {
		buf = append(uvarints(buf, e.Index, e.Term), e.Data...)
	}
	return buf
}

func sumOf(m Message) uint64 {
	buf := uvarints(nil, uint64(m.Type), m.From, m.To, m.Term, m.Index, m.LogTerm, m.Commit, uint64(bit(m.Reject)),
		m.HintIndex, m.HintTerm, m.Round, uint64(bit(m.Transfer)), uint64(bit(m.Lost)))
	return xxhash.Sum64(entryBytesOf(buf, m.Entries))
}

func uvarints(buf []byte, vs ...uint64) []byte {
	for _, v := range vs {
		buf = binary.AppendUvarint(buf, v)
	}
	return buf
}

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// sum identifies a world: the order in which messages were sent plays no part.
func (w *world) sum() uint64 {
	var room [512]byte
	buf := uvarints(room[:0], w.seen.sum, uint64(w.left.campaigns), uint64(w.left.proposals), uint64(w.left.beats),
		uint64(w.left.crashes), uint64(w.left.copies))
	for _, s := range w.nodes {
		buf = binary.LittleEndian.AppendUint64(buf, s.sum)
	}
	for _, f := range w.flight {
		buf = binary.LittleEndian.AppendUint64(buf, f.sum)
	}
	return xxhash.Sum64(buf)
}

func (w *world) send(messages []Message) {
	for _, m := range messages {
		w.flight = append(w.flight, flying{m, sumOf(m)})
	}
	slices.SortFunc(w.flight, func(a, b flying) int { return cmp.Compare(a.sum, b.sum) })
}

// The copy and the sum above are written by hand, for speed. They know these
// fields; whoever adds one has to decide there what it means for them.
// The membership's (confs, confVersion, departing) never change in a small world,
// so copies share them and the sum leaves them out; with them Whole, which only a
// change of membership reads. There are no leases in it.
func TestSmallWorldKnowsEveryFieldOfTheEngine(t *testing.T) {
	for _, known := range []struct {
		of     any
		fields int
	}{{Node{}, 34}, {memLog{}, 5}, {Message{}, 18}, {tracker.Progress{}, 13}, {readQueue{}, 5}, {lease{}, 5}, {HardState{}, 2}} {
		require.Equal(t, known.fields, reflect.TypeOf(known.of).NumField(),
			"%T has other fields: look at clone, seal and sumOf, then count again here", known.of)
	}
}
