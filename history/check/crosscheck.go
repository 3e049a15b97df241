package check

import (
	"fmt"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"

	"raftkv/history"
)

// The sharp judges and porcupine share no code but the pruning, so each is held
// against the other where that is cheap: a bug in a judge should not wait for a
// bug in a store to be found.
const (
	// crossOperations and crossClients bound the registers that are judged a
	// second time; porcupine's cost is steep in both.
	crossOperations = 1000
	crossClients    = 8
	crossBudget     = time.Second
	crossMemory     = 64 << 20
)

// secondOpinion has porcupine judge the registers that zones have decided, as
// far as that is quickly done. What it cannot decide is decided already.
func secondOpinion(closed []*register) []Violation {
	small := slices.DeleteFunc(slices.Clone(closed), func(r *register) bool {
		return len(r.live) > crossOperations || concurrency(r.prune()) > crossClients
	})
	var found []Violation
	for _, a := range linearize(small, crossBudget, crossMemory) {
		if a.result == porcupine.Illegal {
			found = append(found, a.unexplained(time.Now().Add(shrinkBudget)))
		}
	}
	return found
}

// unconfirmed names the violations of which porcupine says that their witness
// has an order. A violation stands all the same: which of the two judges is
// wrong is for a person to find out.
func unconfirmed(listed []Violation) []string {
	var why []string
	for _, v := range listed {
		if disputed(v) {
			why = append(why, fmt.Sprintf("the judges disagree: porcupine finds an order for what proves %q of key %q", v.Kind, v.Key))
		}
	}
	return why
}

// disputed tells whether the witness, alone, has an order. Stale reads are no
// part of that question, nor are violations that others have found.
func disputed(v Violation) bool {
	stale := slices.ContainsFunc(v.Witness, func(o history.Operation) bool { return o.Stale })
	if stale || len(v.Witness) == 0 || !slices.Contains(kinds, v.Kind) {
		return false
	}
	rs := registers(v.Witness)
	if len(rs) != 1 {
		return false
	}
	calls := rs[0].prune()
	return porcupine.CheckOperationsTimeout(model(nil), porcupineOperations(calls), crossBudget) == porcupine.Ok
}
