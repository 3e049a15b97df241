package raft

import (
	"fmt"
	"slices"

	"github.com/cespare/xxhash/v2"
)

// check judges the node that has just acted, against all others and the past,
// and lets the observer remember what is new. It names the broken rule.
func (w *world) check(id uint64) (broken string) {
	s := w.nodes[id-1]
	for _, rule := range []func(uint64, *smallNode) string{w.checkLeader, w.checkCommitted, w.checkCompleteness} {
		if broken := rule(id, s); broken != "" {
			return broken
		}
	}
	return w.checkMatching(id, s)
}

// checkLeader is Election Safety: at most one leader in a term, ever.
func (w *world) checkLeader(id uint64, s *smallNode) string {
	if s.eng.role != Leader {
		return ""
	}
	for _, b := range w.seen.leaders {
		if b.term == s.eng.hs.Term {
			if b.leader != id {
				return fmt.Sprintf("election safety: %d and %d lead term %d", b.leader, id, b.term)
			}
			return ""
		}
	}
	g := *w.seen
	g.leaders = append(slices.Clip(g.leaders), ballotBox{s.eng.hs.Term, id})
	slices.SortFunc(g.leaders, func(a, b ballotBox) int { return int(a.term) - int(b.term) })
	w.remember(&g)
	return ""
}

// checkCommitted is State Machine Safety; what is committed first must be on a
// majority's disks.
func (w *world) checkCommitted(id uint64, s *smallNode) string {
	for i := uint64(1); i <= s.eng.commit; i++ {
		e := s.eng.log.entries[i-1]
		if i <= uint64(len(w.seen.committed)) {
			if was := w.seen.committed[i-1]; was.term != e.Term || was.data != string(e.Data) {
				return fmt.Sprintf("state machine safety: %d commits %d/%d where %d/%d was committed", id, i, e.Term, i, was.term)
			}
			continue
		}
		if holders := w.holders(e); 2*holders <= len(w.nodes) {
			return fmt.Sprintf("quorum durable: %d commits %d/%d, which %d disks hold", id, i, e.Term, holders)
		}
		g := *w.seen
		g.committed = append(slices.Clip(g.committed), ghostEntry{e.Term, s.eng.hs.Term, string(e.Data)})
		w.remember(&g)
	}
	return ""
}

func (w *world) holders(e Entry) (n int) {
	for _, s := range w.nodes {
		if e.Index <= uint64(len(s.entries)) && s.entries[e.Index-1].Term == e.Term {
			n++
		}
	}
	return n
}

// checkCompleteness: a leader has what was committed in earlier terms.
func (w *world) checkCompleteness(id uint64, s *smallNode) string {
	for i, was := range w.seen.committed {
		if s.eng.role == Leader && was.inTerm < s.eng.hs.Term && !s.eng.log.matches(uint64(i+1), was.term) {
			return fmt.Sprintf("leader completeness: %d leads term %d without %d/%d, which was committed in term %d",
				id, s.eng.hs.Term, i+1, was.term, was.inTerm)
		}
	}
	return ""
}

// checkMatching is Log Matching: where two logs agree on a term, they agree on
// everything up to there. And a log's terms never fall.
func (w *world) checkMatching(id uint64, s *smallNode) string {
	mine := s.eng.log.entries
	if err := checkSequence(0, 0, mine); err != nil {
		return fmt.Sprintf("log: %d: %v", id, err)
	}
	for i, other := range w.nodes {
		theirs := other.eng.log.entries
		agree := false
		for k := min(len(mine), len(theirs)) - 1; k >= 0; k-- {
			same := mine[k].Term == theirs[k].Term && string(mine[k].Data) == string(theirs[k].Data)
			if !same && (agree || mine[k].Term == theirs[k].Term) {
				return fmt.Sprintf("log matching: %d and %d differ at %d", id, i+1, k+1)
			}
			agree = agree || same
		}
	}
	return ""
}

// remember puts a changed memory in place.
func (w *world) remember(g *ghost) {
	var buf []byte
	for _, b := range g.leaders {
		buf = uvarints(buf, b.term, b.leader)
	}
	for _, e := range g.committed {
		buf = append(uvarints(buf, e.term, e.inTerm, uint64(len(e.data))), e.data...)
	}
	g.sum = xxhash.Sum64(buf)
	w.seen = g
}
