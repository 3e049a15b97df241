package raft

import (
	"fmt"
	"sort"
)

// entryOverhead is what an entry weighs besides its data: about its index,
// term, type and length on the wire. It keeps empty entries from being free.
const entryOverhead = 24

func entryBytes(e *Entry) int {
	return len(e.Data) + entryOverhead
}

func sumBytes(entries []Entry) int {
	total := 0
	for i := range entries {
		total += entryBytes(&entries[i])
	}
	return total
}

// memLog is the log in memory: contiguous entries behind a base whose term is
// known. Slices that it gave out stay as they are: it only ever appends beyond
// them, and after a truncation the next append moves to fresh memory.
type memLog struct {
	// base and baseTerm are the position just before entries[0].
	base     uint64
	baseTerm uint64
	entries  []Entry
	// handed is the last index that went out in a Ready to be stored.
	// base <= handed <= last, but for a truncation, which lowers it.
	handed uint64
	// stable is the last index that is known durable here. stable <= handed.
	stable uint64
}

// newMemLog starts from a log that is durable as a whole. It copies the slice,
// not the data.
func newMemLog(base, baseTerm uint64, entries []Entry) *memLog {
	l := &memLog{base: base, baseTerm: baseTerm}
	l.entries = append(l.entries, entries...)
	l.handed, l.stable = l.last(), l.last()
	return l
}

func (l *memLog) first() uint64 {
	return l.base + 1
}

func (l *memLog) last() uint64 {
	return l.base + uint64(len(l.entries))
}

// lastTerm is the term of the last entry, or of the base.
func (l *memLog) lastTerm() uint64 {
	if k := len(l.entries); k > 0 {
		return l.entries[k-1].Term
	}
	return l.baseTerm
}

// term is the term of the entry at index; false when it is compacted or beyond
// the end.
func (l *memLog) term(index uint64) (uint64, bool) {
	switch {
	case index == l.base:
		return l.baseTerm, true
	case index < l.base || index > l.last():
		return 0, false
	default:
		return l.entries[index-l.first()].Term, true
	}
}

// matches says whether the log holds an entry with this index and term. If it
// does, by the Log Matching Property it agrees with the log that the pair came
// from on everything before too.
func (l *memLog) matches(index, term uint64) bool {
	t, ok := l.term(index)
	return ok && t == term
}

// upToDate says whether a log that ends in (index, term) holds at least what
// this one does, in the sense of section 5.4.1.
func (l *memLog) upToDate(index, term uint64) bool {
	if planted(BugEveryLogUpToDate) {
		return true
	}
	return term > l.lastTerm() || term == l.lastTerm() && index >= l.last()
}

// slice shares the entries from lo to hi, both included, none when hi < lo.
func (l *memLog) slice(lo, hi uint64) []Entry {
	if hi < lo {
		return nil
	}
	if lo < l.first() || hi > l.last() {
		panic(fmt.Sprintf("raft: invariant broken: entries %d to %d wanted of a log that holds %d to %d", lo, hi, l.first(), l.last()))
	}
	from, to := lo-l.first(), hi-l.first()+1
	return l.entries[from:to:to]
}

// limited shares entries from lo on, as many as fit into maxBytes but at least
// one, and tells their size.
func (l *memLog) limited(lo uint64, maxBytes int) ([]Entry, int) {
	all := l.slice(lo, l.last())
	total := 0
	for i := range all {
		size := entryBytes(&all[i])
		if i > 0 && total+size > maxBytes {
			return all[:i:i], total
		}
		total += size
	}
	return all, total
}

// append adds entries that follow the last one.
func (l *memLog) append(entries ...Entry) {
	if len(entries) > 0 && entries[0].Index != l.last()+1 {
		panic(fmt.Sprintf("raft: invariant broken: the log is contiguous: entry %d appended behind %d", entries[0].Index, l.last()))
	}
	l.entries = append(l.entries, entries...)
}

// truncateFrom drops the entries from index on. The cut capacity makes the next
// append copy, so slices given out keep the dropped entries.
func (l *memLog) truncateFrom(index uint64) {
	if index < l.first() || index > l.last() {
		panic(fmt.Sprintf("raft: invariant broken: truncation from %d of a log that holds %d to %d", index, l.first(), l.last()))
	}
	keep := index - l.first()
	l.entries = l.entries[:keep:keep]
	l.handed = min(l.handed, index-1)
	l.stable = min(l.stable, index-1)
}

// compactTo drops the entries up to index and frees their memory: what is left
// is copied, since the old array may be shared with slices given out.
func (l *memLog) compactTo(index uint64) {
	if index <= l.base {
		return
	}
	term, ok := l.term(index)
	if !ok || index > l.handed {
		panic(fmt.Sprintf("raft: invariant broken: compaction to %d of a log that handed out %d", index, l.handed))
	}
	l.entries = append([]Entry(nil), l.slice(index+1, l.last())...)
	l.base, l.baseTerm = index, term
	l.stable = max(l.stable, index)
}

// reset forgets everything and starts behind a durable snapshot.
func (l *memLog) reset(index, term uint64) {
	*l = memLog{base: index, baseTerm: term, handed: index, stable: index}
}

// firstNew is the position in entries of the first one that this log does not
// hold: because it ends before, or because it holds another in its place.
func (l *memLog) firstNew(entries []Entry) int {
	for i := range entries {
		known := l.matches(entries[i].Index, entries[i].Term) || planted(BugConflictKept) && entries[i].Index <= l.last()
		if !known {
			return i
		}
	}
	return len(entries)
}

// lastNotAbove is the last entry at or before index whose term is no higher
// than term: nothing between the two can be common with a log in which index
// has that term. Terms never fall along the log, so it is found by halving. The
// base is the floor; its term counts as 0 when it is above term.
func (l *memLog) lastNotAbove(index, term uint64) (uint64, uint64) {
	index = min(index, l.last())
	if index <= l.base {
		return index, 0
	}
	n := int(index - l.base)
	above := sort.Search(n, func(i int) bool { return l.entries[i].Term > term })
	found := l.base + uint64(above)
	t, _ := l.term(found)
	if t > term {
		t = 0
	}
	return found, t
}
