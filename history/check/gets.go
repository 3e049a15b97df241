package check

import (
	"fmt"
	"slices"
)

// Plain gets are the weakest witnesses: a node may answer one from a memory that
// is behind, while every other operation goes through the log. Where proof rests
// on one, the verdict says so instead of accusing a write.

// firm are the live operations without plain gets.
func (r *register) firm() []*operation {
	return slices.DeleteFunc(slices.Clone(r.live), plainGet)
}

// called reports whether there is such an operation, called after t.
func called(o *operation, t int64) bool { return o != nil && o.Call > t }

// returned reports whether there is such an operation, returned before t.
func returned(o *operation, t int64) bool { return o != nil && o.Return < t }

// behind tells of the get that found v, or absence, while u was in place.
func (c conflict) behind() string {
	get, set, still := c.v.last, c.u.first, c.u.last
	return fmt.Sprintf("The %s, begun at %s, found %s; but by %s the %s had %s, and the %s, begun at %s, still found that. The read did not see the latest state.",
		who(get), seconds(get.Call), get.Output, seconds(set.Return), who(set), showed(c.u, set), who(still), seconds(still.Call))
}

// doubt names the get without which there is no contradiction, if there is one:
// then it may be that get which is wrong.
func (c conflict) doubt() string {
	switch {
	case plainGet(c.v.last) && !called(c.v.firmLast, c.u.f()):
		return orWrong(c.v.last)
	case plainGet(c.v.first) && !returned(c.v.firmFirst, c.u.s()):
		return orWrong(c.v.first)
	case plainGet(c.u.first) && !returned(c.u.firmFirst, c.v.s()):
		return orWrong(c.u.first)
	default:
		return ""
	}
}

func orWrong(get *operation) string {
	return fmt.Sprintf(" Or the %s, begun at %s, is what was wrong: it alone says so.", who(get), seconds(get.Call))
}
