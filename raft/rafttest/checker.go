package rafttest

import (
	"github.com/cespare/xxhash/v2"

	"raftkv/raft"
)

// checker holds Raft's invariants against every step of a run. What it compares
// with is its own bookkeeping, fed only by what engines hand out (Ready,
// messages, the accessors) and by what disks hold. It costs O(1) for an entry
// on a node: log matching and leader completeness are checked where logs
// change, and hold for the rest by induction.
type checker struct {
	w *world
	// entries are all entries that any log ever held, by index and term.
	entries map[position]entrySum
	// committed is the one committed log; index i is at i-1.
	committed []commitment
	leaders   map[uint64]uint64 // by term
	votes     map[ballot]uint64
	hashes    map[uint64]uint64 // of the state machine, by applied index
	reads     map[uint64]uint64 // what was committed when a ReadIndex was asked
	views     []view            // by number - 1
	conf      raft.ConfState    // the last that was committed, or founded
	pending   []pendingConf     // those that were appended since
	maxTerm   uint64
	restores  int
	changes   int // of the membership, committed
	leases
	identities

	recoveries int // of damaged disks
}

// position identifies an entry: in Raft no two differ that agree in both.
type position struct{ index, term uint64 }

// entrySum is what an entry holds, and the term of the one before it.
type entrySum struct{ sum, prevTerm uint64 }

// commitment is a committed entry and the term its leader was in.
type commitment struct{ term, sum, inTerm uint64 }

// ballot is a node's one vote in a term.
type ballot struct{ node, term uint64 }

// view is what is known of one node's log, commit index and hard state.
type view struct {
	base, baseTerm uint64
	log            []raft.Entry // behind base
	hs             raft.HardState
	term, commit   uint64
	handed         uint64 // last index given out in Ready.Committed
	invited        bool   // a pre-vote was granted or a transfer asked for, since its last candidacy
	role           raft.Role
}

func newChecker(w *world) *checker {
	return &checker{
		w: w, entries: map[position]entrySum{}, leaders: map[uint64]uint64{}, votes: map[ballot]uint64{},
		hashes: map[uint64]uint64{}, reads: map[uint64]uint64{}, views: make([]view, len(w.members)),
		identities: identities{graves: map[uint64]disk{}, joined: map[uint64]bool{}},
		leases:     leases{promises: map[uint64]promise{}, invitations: map[candidacy]bool{}},
	}
}

func (c *checker) view(n *node) *view { return &c.views[n.number-1] }

func (v *view) last() uint64 { return v.base + uint64(len(v.log)) }

// termAt is the term at an index from base to the last.
func (v *view) termAt(index uint64) uint64 {
	if index == v.base {
		return v.baseTerm
	}
	return v.log[index-v.base-1].Term
}

// started begins a node's view anew from its disk.
func (c *checker) started(n *node, entries []raft.Entry) {
	snap := n.disk.snap.meta
	*c.view(n) = view{
		base: snap.Index, baseTerm: snap.Term, log: append([]raft.Entry(nil), entries...),
		hs: n.disk.hs, term: n.disk.hs.Term, commit: snap.Index, handed: snap.Index,
	}
	if snap.Index > 0 {
		c.snapshotCommitted(n, snap)
	}
}

// ready checks what an engine hands over, in the order in which it takes effect.
func (c *checker) ready(n *node, rd raft.Ready) {
	v := c.view(n)
	if rd.HardState != nil {
		c.hardState(n, v, *rd.HardState)
	}
	if rd.Snapshot != nil {
		c.installing(n, v, *rd.Snapshot)
	}
	if len(rd.Entries) > 0 {
		c.appending(n, v, rd.Entries)
	}
	c.observe(n)
	c.handedOut(n, v, rd.Committed)
}

// hardState: the term only grows, and the vote changes only with it.
func (c *checker) hardState(n *node, v *view, hs raft.HardState) {
	if hs.Term < v.hs.Term {
		c.w.fail("term monotone", "node %d: hard state goes from term %d to %d", n.id, v.hs.Term, hs.Term)
	}
	if hs.Term == v.hs.Term && v.hs.Vote != raft.None && hs.Vote != v.hs.Vote {
		c.w.fail("vote kept", "node %d: in term %d its vote goes from %d to %d", n.id, hs.Term, v.hs.Vote, hs.Vote)
	}
	if hs.Term > v.hs.Term && hs.Vote == n.id {
		c.candidate(n, v)
	}
	v.hs = hs
	c.w.note(record{node: n.id, step: stepPersist, v: [4]uint64{hs.Term, hs.Vote}})
}

// installing: a snapshot is committed, and news to the node.
func (c *checker) installing(n *node, v *view, snap raft.SnapshotMeta) {
	if snap.Index <= v.commit {
		c.w.fail("snapshot", "node %d installs a snapshot at %d, at or below its commit index %d", n.id, snap.Index, v.commit)
	}
	c.snapshotCommitted(n, snap)
}

// installed begins the node's log anew behind a snapshot that is in place.
func (c *checker) installed(n *node, snap raft.SnapshotMeta) {
	v := c.view(n)
	v.base, v.baseTerm, v.log, v.handed = snap.Index, snap.Term, nil, snap.Index
}

func (c *checker) snapshotCommitted(n *node, snap raft.SnapshotMeta) {
	if snap.Index > uint64(len(c.committed)) || c.committed[snap.Index-1].term != snap.Term {
		c.w.fail("snapshot", "node %d: the snapshot at %d/%d is of nothing committed", n.id, snap.Index, snap.Term)
	}
}

// appending: no gap, nothing committed is overwritten, and log matching.
func (c *checker) appending(n *node, v *view, entries []raft.Entry) {
	first := entries[0].Index
	if first <= v.commit || first <= v.base {
		c.w.fail("truncation", "node %d truncates from %d, at or below its commit index %d", n.id, first, v.commit)
		return
	}
	if first > v.last()+1 {
		c.w.fail("log contiguous", "node %d appends %d behind %d", n.id, first, v.last())
		return
	}
	c.w.note(record{node: n.id, step: stepPersist, v: [4]uint64{v.term, 0, first, entries[len(entries)-1].Index}})
	keep := first - v.base - 1
	v.log = append(v.log[:keep:keep], entries...)
	prev := v.termAt(first - 1)
	for i, e := range entries {
		if e.Index != first+uint64(i) {
			c.w.fail("log contiguous", "node %d: entry %d at the place of %d", n.id, e.Index, first+uint64(i))
			return
		}
		c.matching(n, e, prev)
		prev = e.Term
	}
}

// matching: an entry of this index and term has the same content and the same
// predecessor in every log; by induction so have all before it.
func (c *checker) matching(n *node, e raft.Entry, prevTerm uint64) {
	if e.Term < prevTerm {
		c.w.fail("log matching", "node %d: term %d at %d behind term %d", n.id, e.Term, e.Index, prevTerm)
	}
	at, is := position{e.Index, e.Term}, entrySum{sumEntry(e), prevTerm}
	was, seen := c.entries[at]
	if !seen {
		c.entries[at] = is
		c.confAppended(e)
	} else if was != is {
		c.w.fail("log matching", "node %d: entry %d/%d differs from another log's", n.id, e.Index, e.Term)
	}
}

// observe checks what the engine says of itself between its inputs.
func (c *checker) observe(n *node) {
	v := c.view(n)
	term, role, commit := n.eng.Term(), n.eng.Role(), n.eng.Commit()
	if term < v.term {
		c.w.fail("term monotone", "node %d goes from term %d to %d", n.id, v.term, term)
	}
	if commit < v.commit {
		c.w.fail("commit monotone", "node %d goes from commit %d to %d", n.id, v.commit, commit)
	}
	if role != v.role || term != v.term {
		c.w.note(record{node: n.id, step: stepRole, v: [4]uint64{term, uint64(role), n.eng.Leader(), commit}})
	}
	c.maxTerm = max(c.maxTerm, term)
	if role == raft.Leader {
		c.leads(n, term)
		c.elected(n, term)
	}
	c.counted(n, v, commit)
	c.advance(n, v, commit)
	v.term, v.role, v.commit = term, role, commit
}

// leads: one leader in a term, and it has every entry committed before.
func (c *checker) leads(n *node, term uint64) {
	who, known := c.leaders[term]
	if known && who != n.id {
		c.w.fail("election safety", "term %d has two leaders, %d and %d", term, who, n.id)
	}
	if known {
		return
	}
	c.leaders[term] = n.id
	c.latestLed = max(c.latestLed, term)
	last := len(c.committed)
	for last > 0 && c.committed[last-1].inTerm >= term {
		last--
	}
	if index := uint64(last); last > 0 && !c.view(n).has(index, c.committed[last-1].term) {
		c.w.fail("leader completeness", "node %d leads term %d without entry %d/%d, which is committed",
			n.id, term, index, c.committed[last-1].term)
	}
}

// elected: who leads has its vote for itself on disk, even if nobody was asked.
func (c *checker) elected(n *node, term uint64) {
	if hs := n.disk.hs; hs.Term < term || hs.Vote != n.id {
		c.w.fail("vote durable", "node %d leads term %d, its disk has vote %d in term %d", n.id, term, hs.Vote, hs.Term)
	}
}

func (v *view) has(index, term uint64) bool {
	return index < v.base || index <= v.last() && v.termAt(index) == term
}

// advance checks each newly committed entry: against what others committed
// there, or if it is the first to commit it, against a quorum's disks.
func (c *checker) advance(n *node, v *view, commit uint64) {
	if commit > v.last() {
		c.w.fail("commit", "node %d commits %d but its log ends at %d", n.id, commit, v.last())
		return
	}
	for index := max(v.commit, v.base) + 1; index <= commit; index++ {
		e := v.log[index-v.base-1]
		if index > uint64(len(c.committed)) {
			c.commits(n, e)
			continue
		}
		if was := c.committed[index-1]; was.term != e.Term || was.sum != sumEntry(e) {
			c.w.fail("state machine safety", "node %d commits %d/%d where %d/%d was committed", n.id, index, e.Term, index, was.term)
			return
		}
	}
}

func (c *checker) commits(n *node, e raft.Entry) {
	c.committed = append(c.committed, commitment{e.Term, sumEntry(e), n.eng.Term()})
	c.quorumHolds(n, e)
	c.membership(n, e)
}

// handedOut: each committed entry once, in order, and the one that was committed.
func (c *checker) handedOut(n *node, v *view, entries []raft.Entry) {
	for _, e := range entries {
		if e.Index != v.handed+1 || e.Index > v.commit {
			c.w.fail("apply order", "node %d hands out %d behind %d with commit %d", n.id, e.Index, v.handed, v.commit)
			return
		}
		v.handed = e.Index
		c.sameAsCommitted(n, e)
	}
}

func (c *checker) sameAsCommitted(n *node, e raft.Entry) {
	if was := c.committed[e.Index-1]; was.term != e.Term || was.sum != sumEntry(e) {
		c.w.fail("state machine safety", "node %d applies %d/%d where %d/%d was committed", n.id, e.Index, e.Term, e.Index, was.term)
	}
}

func sumEntry(e raft.Entry) uint64 {
	return mix(xxhash.Sum64(e.Data), uint64(e.Type))
}

// sumEntries notices an entry that was overwritten in a slice; the data's bytes
// are covered where logs are compared.
func sumEntries(entries []raft.Entry) (h uint64) {
	for _, e := range entries {
		h = mix(mix(h, e.Index), e.Term<<20|uint64(len(e.Data)))
	}
	return h
}
