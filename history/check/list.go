package check

import (
	"cmp"
	"fmt"
	"slices"

	"raftkv/history"
)

// list judges a key on which every write is a cas from a list to the same with
// one more element.
//
// Sound: each win adds its element at the end, so of any two states one is the
// beginning of the other, with an element as often as it was added; and a state
// seen after a win's return begins with what that win wrote.
func (r *register) list() []Violation {
	if !r.onlySteps(appends) {
		return nil
	}
	return slices.Concat(r.twice(), r.forked(), r.forgotten())
}

func appends(from, to value) bool {
	a, ok := history.ParseList(from)
	b, also := history.ParseList(to)
	return ok && also && len(b) == len(a)+1 && slices.Equal(a, b[:len(a)])
}

func elements(v value) history.List {
	l, _ := history.ParseList(v)
	return l
}

// twice finds the first list with an element more than once.
//
// Sound: a state with e twice comes from a win that added e to a list that had
// it, or to one that had it twice already. So if nobody tried to add e where it
// was, there is no first such state. An element may be tried again while it is
// not there: of two such attempts one at most can win.
func (r *register) twice() []Violation {
	added, again := make(map[string]*operation), make(map[string]bool)
	for _, o := range r.all {
		if o.F == history.CAS {
			l := elements(o.Input)
			e := l[len(l)-1]
			added[e], again[e] = o, again[e] || slices.Contains(l[:len(l)-1], e)
		}
	}
	for _, o := range r.all {
		if v, ok := shows(o); ok {
			if e, ok := repeated(elements(v)); ok && !again[e] {
				return []Violation{{Kind: ListTwice, Key: r.key, Witness: witness(added[e], o),
					Words: fmt.Sprintf("The %s shows %q more than once at %s, though nobody added it where it was already.", who(o), e, seconds(o.Return))}}
			}
		}
	}
	return nil
}

// repeated is the first element that is there for the second time.
func repeated(l history.List) (string, bool) {
	seen := make(map[string]bool, len(l))
	for _, e := range l {
		if seen[e] {
			return e, true
		}
		seen[e] = true
	}
	return "", false
}

// forked compares each state that was ever shown with the next longer one. If
// one of two is not the beginning of the other, then this is so for some two
// neighbours in that order as well.
func (r *register) forked() []Violation {
	type state struct {
		list history.List
		by   *operation
	}
	var states []state
	for _, o := range r.all {
		if v, ok := shows(o); ok {
			states = append(states, state{elements(v), o})
		}
	}
	slices.SortStableFunc(states, func(a, b state) int { return cmp.Compare(len(a.list), len(b.list)) })
	for i := 1; i < len(states); i++ {
		a, b := states[i-1], states[i]
		if n := len(a.list); !slices.Equal(a.list, b.list[:n]) {
			return []Violation{{Kind: ListForked, Key: r.key, Witness: witness(a.by, b.by),
				Words: fmt.Sprintf("The %s and the %s show two lists that part at element %d: an element was lost or moved.", who(a.by), who(b.by), parting(a.list, b.list)+1)}}
		}
	}
	return nil
}

func parting(a, b history.List) int {
	for i := range a {
		if a[i] != b[i] {
			return i
		}
	}
	return len(a)
}

// forgotten finds the first state that is shorter than an acknowledged append
// had made the list before. What a plain get shows is a stale read, which is
// reported as such.
func (r *register) forgotten() []Violation {
	var done []*operation
	for _, o := range r.live {
		if won(o) {
			done = append(done, o)
		}
	}
	slices.SortStableFunc(done, func(a, b *operation) int { return cmp.Compare(a.Return, b.Return) })
	next, longest := 0, (*operation)(nil)
	for _, o := range r.live { // by call
		for ; next < len(done) && done[next].Return < o.Call; next++ {
			if longest == nil || len(elements(done[next].Input)) > len(elements(longest.Input)) {
				longest = done[next]
			}
		}
		v, ok := saw(o)
		if !ok || plainGet(o) || longest == nil || len(elements(v)) >= len(elements(longest.Input)) {
			continue
		}
		l := elements(longest.Input)
		return []Violation{{Kind: LostWrite, Key: r.key, Witness: witness(longest, o),
			Words: fmt.Sprintf("The %s, begun at %s, found %d elements; but the %s had added %q as number %d, acknowledged at %s. That element is gone.",
				who(o), seconds(o.Call), len(elements(v)), who(longest), l[len(l)-1], len(l), seconds(longest.Return))}}
	}
	return nil
}
