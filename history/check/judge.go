package check

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/anishathalye/porcupine"

	"raftkv/history"
)

// Options say how a history is to be judged, and what others know of its run.
type Options struct {
	// Budget is the time for the search, all keys together; 0 means 30 s.
	Budget time.Duration `json:"budget_ns,omitempty"`
	// Memory in bytes for the search, all keys together; 0 means 1 GiB.
	Memory int64 `json:"memory,omitempty"`
	// Floors are what must have succeeded for the run to mean anything, and
	// Phases the spans that they name.
	Floors []Floor        `json:"floors,omitempty"`
	Phases []history.Span `json:"phases,omitempty"`
	// Notes each make the verdict INCONCLUSIVE, such as a fault that did not bite.
	Notes []string `json:"notes,omitempty"`
	// Errors each make it HARNESS ERROR.
	Errors []string `json:"errors,omitempty"`
	// Violations were found by others and count like those found here.
	Violations []Violation `json:"violations,omitempty"`
}

const (
	defaultBudget = 30 * time.Second
	defaultMemory = 1 << 30
	// shrinkBudget is the time to look for a small witness.
	shrinkBudget = 3 * time.Second
	// mostOfAKind, of which package report speaks too, bounds the violations that a verdict lists.
	mostOfAKind = 20
)

// Judge gives the verdict on the operations of a history, as Pair returns them.
// It takes at most the budget, a few seconds for witnesses, and what the sharp
// judges need, which is little. It may be called from any goroutine.
func Judge(ops []history.Operation, o Options) Verdict {
	started := time.Now()
	rs := registers(ops)
	v := Verdict{Operations: len(ops), Keys: len(rs), Outcomes: outcomes(ops), Counts: make(map[Kind]int)}
	found := slices.Clone(o.Violations)
	var open, closed []*register
	for i, sharp := range allSharp(rs) {
		found = append(found, sharp...)
		switch {
		case len(sharp) > 0:
		case rs[i].decidedByZones():
			closed = append(closed, rs[i])
		default:
			open = append(open, rs[i])
		}
	}
	found = append(found, v.search(open, o)...)
	found = append(found, secondOpinion(closed)...)
	v.list(found)
	o.Notes = slices.Concat(o.Notes, unconfirmed(v.Violations))
	v.Floors = count(ops, o.Floors, o.Phases)
	v.conclude(o)
	v.Elapsed = time.Since(started)
	return v
}

// sharp runs the judges that know one pattern each.
func (r *register) sharp() []Violation {
	found := slices.Concat(r.values(), r.reigns(), r.absence(), r.objects())
	if len(found) == 0 {
		return r.bounds()
	}
	return found
}

// allSharp is what sharp says of each register, found on all processors.
func allSharp(rs []*register) [][]Violation {
	found := make([][]Violation, len(rs))
	var next atomic.Int64
	var wait sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(rs)); i = next.Add(1) - 1 {
				found[i] = rs[i].sharp()
			}
		})
	}
	wait.Wait()
	return found
}

// search runs porcupine over the registers and notes what it could not decide.
func (v *Verdict) search(open []*register, o Options) []Violation {
	var found []Violation
	budget, memory := o.Budget, o.Memory
	if budget == 0 {
		budget = defaultBudget
	}
	if memory == 0 {
		memory = defaultMemory
	}
	answers := linearize(open, budget, memory)
	deadline := time.Now().Add(shrinkBudget)
	for _, a := range answers {
		switch a.result {
		case porcupine.Illegal:
			found = append(found, a.unexplained(deadline))
		case porcupine.Unknown:
			v.Undecided = append(v.Undecided, a.undecided())
		}
	}
	return found
}

// list keeps the first violations of each kind and counts them all.
func (v *Verdict) list(found []Violation) {
	slices.SortStableFunc(found, compareViolations)
	for _, f := range found {
		if v.Counts[f.Kind]++; v.Counts[f.Kind] <= mostOfAKind {
			v.Violations = append(v.Violations, f)
		}
	}
}

// conclude weighs it all: a violation outranks the rest, then a broken harness,
// then whatever leaves the question open.
func (v *Verdict) conclude(o Options) {
	v.Reasons = slices.Concat(o.Errors, o.Notes)
	if len(o.Errors) == 0 { // else what is missing is the errors' doing
		v.Reasons = append(v.Reasons, v.doubts()...)
	}
	switch {
	case len(v.Violations) > 0:
		v.Result = Violated
	case len(o.Errors) > 0:
		v.Result = HarnessError
	case len(v.Reasons) > 0:
		v.Result = Inconclusive
	default:
		v.Result = Pass
	}
	v.Summary = v.summarize()
}

// doubts are the reasons found here why a history without a violation is no pass.
func (v *Verdict) doubts() []string {
	var why []string
	ok := 0
	for _, by := range v.Outcomes {
		ok += by[string(history.OutcomeOk)]
	}
	if ok == 0 {
		why = append(why, fmt.Sprintf("no operation of %d succeeded: there is nothing to judge", v.Operations))
	}
	for _, f := range v.Floors {
		if !f.Met() {
			why = append(why, f.short())
		}
	}
	for _, u := range v.Undecided {
		why = append(why, fmt.Sprintf("key %q %s", u.Key, u.Why))
	}
	return why
}

func (v *Verdict) summarize() string {
	switch v.Result {
	case Pass:
		return fmt.Sprintf("An order explains all %s on %s.", plural(v.Operations, "operation"), plural(v.Keys, "key"))
	case Violated:
		return v.Violations[0].Words
	default:
		return strings.Join(v.Reasons, "; ") + "."
	}
}

func outcomes(ops []history.Operation) map[string]map[string]int {
	by := make(map[string]map[string]int)
	for _, o := range ops {
		m := by[string(o.F)]
		if m == nil {
			m = make(map[string]int)
			by[string(o.F)] = m
		}
		m[string(o.Outcome)]++
	}
	return by
}
