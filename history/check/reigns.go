package check

import (
	"fmt"
	"slices"

	"raftkv/history"
)

// reigns turns contradictions between zones, and values that were replaced
// twice, into violations. At most one of a kind for each value.
func (r *register) reigns() []Violation {
	// What holds without the plain gets is not theirs: look for that first, and
	// one value is reported once for a kind. Leaving reads out is sound: what
	// remains of a linearizable history is linearizable.
	firm, zones := r.zones(r.firm()), r.zones(r.live)
	once := make(map[string]bool)
	var found []Violation
	report := func(z *zone, vs ...Violation) {
		for _, v := range vs {
			if id := string(v.Kind) + z.value.Data; !once[id] {
				once[id] = true
				found = append(found, v)
			}
		}
	}
	for _, c := range slices.Concat(replaced(firm), conflicts(firm), replaced(zones), conflicts(zones)) {
		report(c.u, r.classify(c)...)
	}
	for _, z := range zones {
		if len(z.consumers) > 1 {
			report(z, r.consumedTwice(z))
		}
	}
	return found
}

// replaced finds a value that was seen by an operation called after another had
// replaced it, by a cas that saw it.
//
// Sound: the cas's instant ends the value's only reign, and is no later than its
// return, before the other's call.
func replaced(zones []*zone) []conflict {
	var found []conflict
	for _, z := range zones {
		for _, c := range z.consumers {
			if c != z.last && c.Before(*z.last) {
				found = append(found, conflict{z, &zone{value: c.Input, writer: c, first: c, last: c, firmFirst: c, firmLast: c}})
				break
			}
		}
	}
	return found
}

// consumedTwice: two cas operations cannot both replace the one reign of a
// value that was written once, whatever their times.
func (r *register) consumedTwice(z *zone) Violation {
	a, b := z.consumers[0], z.consumers[1]
	return Violation{
		Kind: Duplicate, Key: r.key, Witness: witness(z.writer, a, b),
		Words: fmt.Sprintf("The %s and the %s both won from %s, which was written once, by the %s: it was in place twice, or one of the two is lost.",
			who(a), who(b), z.value, who(z.writer)),
	}
}

// classify names what a contradiction means. The last operation on u found u
// though v had replaced it. A plain get may have asked a node that is behind: a
// stale read. If it is v that a plain get alone puts there, it is that get which
// was behind, for u was in place before it and after it. Anything else shows the
// state itself, so that v's write is gone, if it was acknowledged, and that u is
// back, if v had been seen in between.
func (r *register) classify(c conflict) []Violation {
	late, w := c.u.last, c.witness()
	switch {
	case plainGet(late):
		return []Violation{{Kind: StaleRead, Key: r.key, Words: c.words("get an older state"), Witness: w}}
	case plainGet(c.v.last) && !called(c.v.firmLast, c.u.f()):
		return []Violation{{Kind: StaleRead, Key: r.key, Words: c.behind(), Witness: w}}
	}
	var found []Violation
	if cause := c.v.cause(); cause != nil && cause.Before(*late) {
		found = append(found, Violation{Kind: LostWrite, Key: r.key, Words: c.words("lost"), Witness: w})
	}
	if seen := c.v.evidence(); (seen != nil && seen.Before(*late)) || len(found) == 0 {
		found = append(found, Violation{Kind: Duplicate, Key: r.key, Words: c.words("back"), Witness: w})
	}
	return found
}

// evidence is the first observer of z's state.
func (z *zone) evidence() *operation {
	if z.seen == nil && z.writer == nil {
		if _, ok := saw(z.first); ok {
			return z.first
		}
	}
	return z.seen
}

func (c conflict) witness() []history.Operation {
	return witness(c.u.writer, c.u.first, c.v.writer, c.v.first, c.v.last, c.u.last)
}

// words tell the story in order: what was in place, what took its place, and
// what was then found.
func (c conflict) words(meaning string) string {
	late, over := c.u.last, c.v.first
	s := fmt.Sprintf("The %s, begun at %s, found %s, written by the %s; but by %s the %s had %s.",
		who(late), seconds(late.Call), c.u.value, who(c.u.writer), seconds(over.Return), who(over), showed(c.v, over))
	switch meaning {
	case "lost":
		s += " That acknowledged change is gone, and nothing later could have undone it."
	case "back":
		s += fmt.Sprintf(" %s was written once, so it took effect a second time or the change after it was rolled back.", c.u.value)
	default:
		s += " The read did not see the latest state."
	}
	return s + c.doubt()
}

// showed says what an operation proves about the state that followed u's.
func showed(z *zone, o *operation) string {
	if v, ok := saw(o); ok && (z.writer == nil || v == z.value) {
		return fmt.Sprintf("found %s", v)
	}
	switch o.F {
	case history.Delete:
		return "deleted it, acknowledged"
	case history.CAS:
		return fmt.Sprintf("replaced it with %s, acknowledged", o.Input)
	default:
		return fmt.Sprintf("written %s, acknowledged", o.Input)
	}
}
