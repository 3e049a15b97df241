package check

import "raftkv/history"

// prune makes a register's history cheap to search without changing whether it
// is linearizable. Unknown operations are what costs: one may take effect at any
// later time, so each doubles the orders to try.
//
// An unknown get constrains nothing and is dropped.
//
// Drop. Let w be an unknown operation that may write v, where no ok operation
// that returns after w's call saw v, and no unknown cas that is kept expects v.
// Then H is linearizable exactly if H without w is. If H\w has an order, w
// appended to it is an order of H: w may come last, for it never returned.
// Conversely take an order of H and call w's reign what lies between w and the
// next operation that changes the state. No ok operation in the reign saw v.
// What is left in it are unknown cas operations that did nothing, since they do
// not expect v; a delete that found something, which ends the reign; and at its
// end a put, or an unknown delete. Move every unknown cas that did nothing to
// the very end, where it does no harm: none has a return yet, clamping comes
// after. Take w out: the reign has no operation left that can tell, except the
// delete that found something, which now meets the state before w. So that one
// must meet a present state there:
//   - v absent (a delete): no delete that found something can be in the reign.
//   - a cas: it replaced what it expects, so the rule holds if that is present.
//   - a put, or a cas that expects absence: dropped only if no delete that found
//     something returns after w's call.
//
// The argument is applied to one operation at a time until none is left.
//
// Clamp. Let w be the only operation that may have written the present value v,
// and let an ok operation have seen v. Then w precedes that operation in every
// order, so w's instant is no later than that operation's return: the return may
// be moved there. If w is a cas it also must have won, so it saw what it expects
// and counts in turn as an operation that saw that value, by its new return.
func (r *register) prune() []call {
	calls := make([]call, 0, len(r.live))
	for _, o := range r.live {
		if o.F == history.Get && o.Outcome == history.OutcomeUnknown {
			continue
		}
		calls = append(calls, call{op: o, until: o.Return})
	}
	return r.clamp(drop(calls))
}

// sightings tell of each value when it was last seen, and of presence as such
// when a delete last met it.
type sightings struct {
	last  map[value]int64
	found int64
	// expecting counts the unknown cas operations, still kept, by what they expect.
	expecting map[value]int
}

func sight(calls []call) sightings {
	s := sightings{last: make(map[value]int64), found: -1 << 63, expecting: make(map[value]int)}
	for _, c := range calls {
		o := c.op
		if v, ok := saw(o); ok {
			s.see(v, o.Return)
		}
		if o.Outcome == history.OutcomeOk && o.F == history.Delete && o.Output.Present {
			s.found = max(s.found, o.Return)
		}
		if o.Outcome == history.OutcomeUnknown && o.F == history.CAS {
			s.expecting[o.Expect]++
		}
	}
	return s
}

// droppable is the condition of the rule above.
func (s sightings) droppable(o *operation) bool {
	v, may := mayWrite(o)
	if !may || o.Outcome != history.OutcomeUnknown {
		return false
	}
	expecting := s.expecting[v]
	if o.F == history.CAS && o.Expect == v {
		expecting-- // itself
	}
	last, seen := s.last[v]
	if expecting > 0 || (seen && last >= o.Call) {
		return false
	}
	presenceSafe := !v.Present || (o.F == history.CAS && o.Expect.Present)
	return presenceSafe || s.found < o.Call
}

func drop(calls []call) []call {
	s := sight(calls)
	for {
		kept := calls[:0]
		for _, c := range calls {
			if !s.droppable(c.op) {
				kept = append(kept, c)
			} else if c.op.F == history.CAS {
				s.expecting[c.op.Expect]--
			}
		}
		if len(kept) == len(calls) {
			return kept
		}
		calls = kept
	}
}

// clamp moves the returns of unknown writes whose value was seen.
func (r *register) clamp(calls []call) []call {
	earliest := make(map[value]int64)
	see := func(v value, by int64) {
		if at, ok := earliest[v]; !ok || by < at {
			earliest[v] = by
		}
	}
	for _, c := range calls {
		if v, ok := saw(c.op); ok {
			see(v, c.until)
		}
	}
	for changed := true; changed; {
		changed = false
		for i := range calls {
			c := &calls[i]
			at, seen := earliest[c.op.Input]
			if c.op.Outcome != history.OutcomeUnknown || c.op.F == history.Delete || !seen || !r.unique(c.op.Input) {
				continue
			}
			if at = max(at, c.op.Call); at < c.until {
				c.until, c.must, changed = at, true, true
				if c.op.F == history.CAS {
					see(c.op.Expect, at)
				}
			}
		}
	}
	return calls
}

func (s sightings) see(v value, at int64) {
	if last, ok := s.last[v]; !ok || at > last {
		s.last[v] = at
	}
}
