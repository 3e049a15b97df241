package check

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"

	"raftkv/history"
)

// Undecided names a key that the search gave up on. It is not a finding.
type Undecided struct {
	Key        string `json:"key"`
	Operations int    `json:"operations"`
	Why        string `json:"why"`
}

// answer is what the search says of one register.
type answer struct {
	register *register
	calls    []call
	result   porcupine.CheckResult
	why      string
}

// linearize searches an order for each register, one goroutine a register,
// within one budget of time and memory for all. The easy ones start first.
func linearize(registers []*register, budget time.Duration, memory int64) []answer {
	deadline := time.Now().Add(budget)
	p := &pool{}
	p.free.Store(memory)
	answers := make([]answer, len(registers))
	for i, r := range registers {
		answers[i] = answer{register: r, calls: r.prune()}
	}
	slices.SortStableFunc(answers, func(a, b answer) int { return cmp.Compare(len(a.calls), len(b.calls)) })
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() { answers[i].search(deadline, p) })
	}
	wg.Wait()
	return answers
}

func (a *answer) search(deadline time.Time, p *pool) {
	left := time.Until(deadline)
	if left <= 0 {
		a.result, a.why = porcupine.Unknown, "the time for all keys was over before its turn"
		return
	}
	m := newMeter(p, len(a.calls))
	defer m.release()
	a.result = porcupine.CheckOperationsTimeout(model(m), porcupineOperations(a.calls), left)
	switch {
	case a.result == porcupine.Unknown:
		a.why = "not decided within the time for all keys"
	case a.result == porcupine.Illegal && m.exhausted():
		a.result, a.why = porcupine.Unknown, "not decided within the memory for all keys"
	}
}

func porcupineOperations(calls []call) []porcupine.Operation {
	ops := make([]porcupine.Operation, len(calls))
	for i, c := range calls {
		ops[i] = porcupine.Operation{ClientId: c.op.Process, Input: c, Call: c.op.Call, Return: c.until}
	}
	return ops
}

// undecided is the answer as the verdict reports it.
func (a *answer) undecided() Undecided {
	unknown := 0
	for _, c := range a.calls {
		if c.op.Outcome == history.OutcomeUnknown {
			unknown++
		}
	}
	return Undecided{
		Key: a.register.key, Operations: len(a.calls),
		Why: fmt.Sprintf("%s: %d operations, %d of them unknown, up to %d at once",
			a.why, len(a.calls), unknown, concurrency(a.calls)),
	}
}

// concurrency is the largest number of calls open at one instant.
func concurrency(calls []call) int {
	var starts, ends []int64
	for _, c := range calls {
		starts, ends = append(starts, c.op.Call), append(ends, c.until)
	}
	slices.Sort(starts)
	slices.Sort(ends)
	most, over := 0, 0
	for i, at := range starts {
		for over < len(ends) && ends[over] < at {
			over++
		}
		most = max(most, i+1-over)
	}
	return most
}

// decidedByZones reports whether the sharp judges, having found nothing, prove
// the register linearizable: Gibbons and Korach show that unique values, written
// and read but never deleted nor swapped, have an order exactly if no read
// precedes its write and no two zones contradict each other. Absence at the
// start is the zone of a value written before all else, and (*register).absence
// judges it. The unknown writes left out are the ones that prune would drop.
func (r *register) decidedByZones() bool {
	for _, o := range r.live {
		switch {
		case o.F == history.Get:
		case o.F == history.Put && r.unique(o.Input):
		default:
			return false
		}
	}
	return true
}
