package check

import (
	"fmt"
	"slices"
)

// bounds judges reads that may lie in the past, by a stated age at most. It is
// asked of registers in which the sharp judges found nothing else.
//
// Sound: a read with a bound returns the state of some instant between its call
// less the bound and its return. So it is a read like any other that was called
// that much earlier, and what the sharp judges prove of those holds for it. All
// times are the recorder's: the node keeps the bound if the state was the latest
// at an instant no earlier than the request's arrival less the bound, which is
// no earlier than the call less the bound.
func (r *register) bounds() []Violation {
	widened := slices.Clone(r.live)
	for _, o := range r.all {
		if v, ok := saw(o); ok && o.Stale && o.MaxAge > 0 && (!v.Present || r.unique(v)) {
			early := *o
			early.Call, early.Stale = o.Call-o.MaxAge, false
			widened = append(widened, &early)
		}
	}
	if len(widened) == len(r.live) {
		return nil
	}
	w := reindex(r.key, widened)
	var found []Violation
	for _, v := range slices.Concat(w.reigns(), w.absence()) {
		found = append(found, tooOld(v))
	}
	return found
}

// tooOld tells a violation of the widened register as one of the reads in it,
// with the times that they really had.
func tooOld(v Violation) Violation {
	var late *operation
	for i := range v.Witness {
		if o := &v.Witness[i]; o.MaxAge > 0 {
			o.Call, o.Stale = o.Call+o.MaxAge, true
			late = o
		}
	}
	v.Kind = StaleBound
	if late != nil {
		v.Words = fmt.Sprintf("The stale %s, begun at %s, found %s, which was older by then than the %s that it may be.",
			who(late), seconds(late.Call), late.Output, seconds(late.MaxAge))
	}
	return v
}
