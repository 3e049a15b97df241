package check

import (
	"fmt"

	"raftkv/history"
)

// sources are the operations that carry one value to write: those that may have
// written it, and those that surely did not.
type sources struct{ possible, failed []*operation }

// values finds reads of values that nobody can have written by then, and cas
// operations whose own reply contradicts itself.
//
// Sound: in a linearization the state at a read's instant is the input of an
// operation that took effect before that instant, which is no later than the
// read's return; a failed write and a lost cas never take effect. A stale read
// returns some past state, so the same holds for it. That a cas wins exactly if
// it sees what it expects is its definition.
func (r *register) values() []Violation {
	from := r.sources()
	reported := make(map[string]bool)
	var found []Violation
	for _, o := range r.all {
		v, ok := saw(o)
		if !ok {
			continue
		}
		if o.F == history.CAS && o.Swapped != (v == o.Expect) {
			found = append(found, r.brokenCAS(o))
		}
		if !v.Present || reported[v.Data] || hasSource(from[v.Data].possible, o) {
			continue
		}
		reported[v.Data] = true
		found = append(found, r.noSource(o, from[v.Data]))
	}
	return found
}

func (r *register) sources() map[string]sources {
	from := make(map[string]sources)
	for _, o := range r.all {
		if (o.F != history.Put && o.F != history.CAS) || !o.Input.Present {
			continue
		}
		s := from[o.Input.Data]
		if _, may := mayWrite(o); may {
			s.possible = append(s.possible, o)
		} else {
			s.failed = append(s.failed, o)
		}
		from[o.Input.Data] = s
	}
	return from
}

// hasSource looks for an operation, other than the reader itself, that was
// called before the reader returned. The list is ordered by calls.
func hasSource(ops []*operation, reader *operation) bool {
	for _, o := range ops {
		if o.Call > reader.Return {
			return false
		}
		if o != reader {
			return true
		}
	}
	return false
}

func (r *register) noSource(o *operation, from sources) Violation {
	v := Violation{Kind: FromNowhere, Key: r.key}
	switch {
	case hasSource(from.failed, o):
		w := from.failed[0]
		v.Kind = FailedTookEffect
		v.Words = fmt.Sprintf("The %s found %s at %s, which only the %s tried to write, and that %s.",
			who(o), o.Output, seconds(o.Return), who(w), definitely(w))
		v.Witness = witness(w, o)
	case len(from.possible) > 0 && from.possible[0] != o:
		w := from.possible[0]
		v.Words = fmt.Sprintf("The %s found %s at %s, before the first attempt to write it, the %s, began at %s.",
			who(o), o.Output, seconds(o.Return), who(w), seconds(w.Call))
		v.Witness = witness(w, o)
	default:
		v.Words = fmt.Sprintf("The %s found %s at %s, which nobody ever tried to write.",
			who(o), o.Output, seconds(o.Return))
		v.Witness = witness(o)
	}
	return v
}

func definitely(w *operation) string {
	if w.Outcome == history.OutcomeFail {
		return "was answered at " + seconds(w.Return) + " with a definite failure"
	}
	return "lost"
}

func (r *register) brokenCAS(o *operation) Violation {
	end := "lost"
	if o.Swapped {
		end = "won"
	}
	return Violation{
		Kind: BrokenCAS, Key: r.key, Witness: witness(o),
		Words: fmt.Sprintf("The %s expected %s, saw %s, and %s at %s.",
			who(o), o.Expect, o.Output, end, seconds(o.Return)),
	}
}
