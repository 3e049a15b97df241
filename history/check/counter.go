package check

import (
	"fmt"
	"slices"

	"raftkv/history"
)

// counter judges a key on which every write is a cas from n to n + 1.
//
// Sound: the state's number starts at 0 and each win adds 1 at its instant, so a
// number is reached once, and what an operation sees is the number of wins whose
// instants come before its own: all that returned before it was called, and only
// such as were called before it returned.
func (r *register) counter() []Violation {
	if !r.onlySteps(counts) {
		return nil
	}
	var found []Violation
	winners := make(map[int]*operation)
	for _, o := range r.live {
		n := number(o.Input)
		if !won(o) {
			continue
		}
		if w := winners[n]; w != nil {
			found = append(found, Violation{Kind: CounterOff, Key: r.key, Witness: witness(w, o),
				Words: fmt.Sprintf("The %s and the %s both counted from %d to %d, acknowledged: one of the two is lost.", who(w), who(o), n-1, n)})
		}
		winners[n] = o
	}
	return append(found, r.counted()...)
}

// counted holds what was seen against what was acknowledged before and tried by
// then. A plain get that shows too little is a stale read, which is reported as
// such; the first of each kind is enough.
func (r *register) counted() []Violation {
	var done, tried []int64
	for _, o := range r.live {
		if _, may := mayWrite(o); may {
			tried = append(tried, o.Call)
			if o.Outcome == history.OutcomeOk {
				done = append(done, o.Return)
			}
		}
	}
	slices.Sort(done)
	var less, more []Violation
	for _, o := range r.live {
		v, ok := saw(o)
		if !ok {
			continue
		}
		n := number(v)
		least, _ := slices.BinarySearch(done, o.Call)
		most, _ := slices.BinarySearch(tried, o.Return+1)
		if n < least && !plainGet(o) && less == nil {
			less = append(less, r.miscounted(o, n, fmt.Sprintf("though %s had been acknowledged by then", plural(least, "increment"))))
		}
		if n > most && more == nil {
			more = append(more, r.miscounted(o, n, fmt.Sprintf("though only %s had been tried by then", plural(most, "increment"))))
		}
	}
	return append(less, more...)
}

func (r *register) miscounted(o *operation, n int, why string) Violation {
	return Violation{Kind: CounterOff, Key: r.key, Witness: witness(o),
		Words: fmt.Sprintf("The %s, begun at %s, found %d, %s.", who(o), seconds(o.Call), n, why)}
}

func counts(from, to value) bool {
	a, ok := history.ParseCounter(from)
	b, also := history.ParseCounter(to)
	return ok && also && b.N == a.N+1
}

// number is the counter's; a value that is none has been reported as one from
// nowhere, since only counters were written, and reads as 0.
func number(v value) int {
	c, _ := history.ParseCounter(v)
	return c.N
}
