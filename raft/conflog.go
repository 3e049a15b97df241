package raft

import (
	"fmt"
	"slices"
)

// confEntry is a membership and the log entry that brought it.
type confEntry struct {
	index uint64
	conf  ConfState
}

// confLog is every membership in the log behind what the first one stands for,
// in the order of their indexes, never empty. The last one is in force from the
// moment it is appended (dissertation, 4.1), and goes when its entry is cut off.
type confLog []confEntry

// newConfLog starts behind a snapshot. The entries were checked by checkConfs.
func newConfLog(index uint64, conf ConfState, entries []Entry) confLog {
	l := confLog{{index, conf.clone()}}
	l.append(entries)
	return l
}

func (l confLog) last() confEntry { return l[len(l)-1] }

// replaced is what the last membership took the place of, if it came behind
// the commit index.
func (l confLog) replaced(commit uint64) (ConfState, bool) {
	if len(l) < 2 || l.last().index <= commit {
		return ConfState{}, false
	}
	return l[len(l)-2].conf, true
}

// append takes note of the memberships among entries that join the log, and
// says whether there were any.
func (l *confLog) append(entries []Entry) (changed bool) {
	for i := range entries {
		e := &entries[i]
		if e.Type != EntryConfChange {
			continue
		}
		conf, err := DecodeConfState(e.Data)
		if err != nil {
			panic(fmt.Sprintf("raft: invariant broken: memberships are checked before they are appended: entry %d: %v", e.Index, err))
		}
		*l, changed = append(*l, confEntry{e.Index, conf}), true
	}
	return changed
}

// truncateFrom forgets what came with the entries from index on, and says
// whether anything did. The first stays: it is committed.
func (l *confLog) truncateFrom(index uint64) (changed bool) {
	keep := max(1, l.position(index))
	changed = keep < len(*l)
	*l = (*l)[:keep:keep]
	return changed
}

// compactTo forgets what was in force only before index.
func (l *confLog) compactTo(index uint64) {
	*l = slices.Clone((*l)[l.position(index+1)-1:])
}

// at is the membership that was in force when the entry at index was the last.
func (l confLog) at(index uint64) (ConfState, bool) {
	i := l.position(index + 1)
	if i == 0 {
		return ConfState{}, false
	}
	return l[i-1].conf, true
}

// position is how many memberships came before the entry at index.
func (l confLog) position(index uint64) int {
	i, _ := slices.BinarySearchFunc(l, index, func(e confEntry, index uint64) int {
		if e.index < index {
			return -1
		}
		return 1
	})
	return i
}

// checkConfs says which entry claims to be a membership and is none.
func checkConfs(entries []Entry) error {
	for i := range entries {
		if e := &entries[i]; e.Type == EntryConfChange {
			if _, err := DecodeConfState(e.Data); err != nil {
				return fmt.Errorf("entry %d: %w", e.Index, err)
			}
		}
	}
	return nil
}
