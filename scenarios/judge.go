package scenarios

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"raftkv/harness/proof"
	"raftkv/harness/run"
	"raftkv/history"
	"raftkv/history/check"
)

// shown is how many operations a violation found here shows as its witness.
const shown = 3

// judge reads the history back, weighs proofs, floors and ceilings, and writes
// the verdict and the report.
func (x *execution) judge() (Result, error) {
	res := Result{Scenario: x.sc.Name, Seed: x.opts.Seed, Driver: x.plan.Driver, Dir: x.folder.Path}
	ops, unread := x.folder.Operations()
	own, err := x.folder.JudgeNodes(ops)
	if err != nil {
		x.errors = append(x.errors, err.Error())
	}
	res.Events = own.Events
	if unread != nil {
		res.Verdict, err = x.folder.Fail(x.theCase(res, own, nil), unread)
		return res, err
	}
	x.weigh(ops)
	from, to := history.LongestGap(ops)
	res.Recovery, res.Gap = x.recovery(), since(from, to)
	res.Verdict, err = x.folder.Judge(x.theCase(res, own, ops), ops)
	return res, err
}

// weigh holds the scenario's proofs against what happened, and its ceilings: a row's
// if all holds and every fault is proved, a drawn schedule's for each fault that is.
// After an error nobody can say for how long a fault held.
func (x *execution) weigh(ops []history.Operation) {
	f := Facts{Rounds: x.rounds, Operations: ops}
	if x.obs != nil {
		f.Leaders = x.obs.Leaders()
	}
	if len(x.errors) > 0 && len(x.rounds) == 0 {
		return // no fault was reached, which is the errors' doing
	}
	bit := !x.unproved()
	for _, p := range x.proofs() {
		if err := p.Holds(f); err != nil {
			bit = false
			x.notes = append(x.notes, fmt.Sprintf("the fault did not bite (%s): %v", p.Words, err))
		}
	}
	switch {
	case len(x.errors) > 0:
	case x.profile != nil:
		x.drawnCeilings(f)
	case bit:
		x.ceilings(ops)
	}
}

// ceilings holds what succeeded against what the row allows.
func (x *execution) ceilings(ops []history.Operation) {
	for _, c := range x.sc.Ceilings {
		for _, r := range x.rounds {
			x.above(c, r, ops)
		}
	}
}

// proofs are the row's, or those of any drawn schedule.
func (x *execution) proofs() []Proof {
	if x.profile != nil {
		return x.drawnProofs()
	}
	return x.sc.Proofs
}

// unproved tells whether some injection is not proved.
func (x *execution) unproved() bool {
	return slices.ContainsFunc(x.rounds, func(r Round) bool { return r.Bit == nil || r.Bit.Outcome != proof.Installed })
}

// unmended tells whether some healing is not proved.
func (x *execution) unmended() bool {
	return slices.ContainsFunc(x.rounds, func(r Round) bool { return r.Mended == nil || r.Mended.Outcome != proof.Installed })
}

// above accuses the store if more succeeded in a round than a proved fault
// allows.
func (x *execution) above(c Ceiling, r Round, ops []history.Operation) {
	over := c.over(r, ops)
	if len(over) <= c.Max {
		return
	}
	words := fmt.Sprintf("%d operations succeeded %s while %q held, where no quorum could agree", len(over), c.where(r), r.Name)
	x.violations = append(x.violations, check.Violation{
		Kind: NoQuorum, Key: over[0].Key, Words: words, Witness: over[:min(shown, len(over))],
	})
}

// over lists the operations that the ceiling counts in a round.
func (c Ceiling) over(r Round, ops []history.Operation) []history.Operation {
	var found []history.Operation
	for _, o := range ops {
		counts := o.Outcome == history.OutcomeOk && !o.Stale && slices.Contains(c.Functions, o.F)
		if counts && r.during(o) && (c.At == Anywhere || r.at(o)) {
			found = append(found, o)
		}
	}
	return found
}

func (c Ceiling) where(r Round) string {
	if c.At == Targets {
		return "at node " + strings.Join(nodes(r.Targets), ", ")
	}
	return string(c.At)
}

// theCase is what the judge is told besides the history.
func (x *execution) theCase(res Result, own run.Nodes, ops []history.Operation) run.Case {
	return run.Case{
		Run:      x.about(res, own),
		Nodes:    own,
		Timeline: x.timeline(ops),
		Smaller:  "bin/chaos shrink " + x.folder.Path,
		Options: check.Options{
			Floors: x.floors(), Phases: slices.Concat(x.phases, x.spans),
			Notes: x.notes, Errors: x.errors, Violations: x.violations,
		},
	}
}

func (x *execution) floors() []check.Floor {
	var all []check.Floor
	for _, f := range x.sc.Floors {
		all = append(all, check.Floor{Phase: string(f.Phase), Function: x.plan.Load.Counts(f.Function), Min: f.Min})
	}
	if x.cluster == nil {
		return all
	}
	founders := x.cluster.Nodes()
	founders = founders[:len(founders)-x.sc.Joiners]
	all = append(all, x.drawnFloors()...)
	return append(all, x.plan.Load.Floors(nodes(founders), string(Before), string(After))...)
}

// about is what the report says of the run.
func (x *execution) about(res Result, own run.Nodes) history.Run {
	return history.Run{
		Scenario: x.sc.Name, Seed: x.opts.Seed, Driver: x.plan.Driver,
		Commands: x.commands(),
		Started:  x.clock.Started(), Duration: time.Duration(x.clock.Now()), Gap: res.Gap,
		Expectation: x.sc.Story + " " + x.sc.Expect,
		Facts:       x.facts(res, own),
	}
}

func (x *execution) facts(res Result, own run.Nodes) []history.Fact {
	facts := []history.Fact{
		{Name: "driver", Value: x.plan.Driver + ": " + x.plan.Why},
		{Name: "workload", Value: x.plan.Load.Workload},
		{Name: "events of the nodes judged", Value: own.String()},
		{Name: "slowest recovery: first write after a healing", Value: took(res.Recovery)},
		{Name: "longest time without a write", Value: took(res.Gap)},
	}
	for i, r := range x.rounds {
		facts = append(facts, history.Fact{
			Name: fmt.Sprintf("round %d", i+1),
			Value: fmt.Sprintf("%s; node %d led term %d; held %s", history.Span{Name: r.Name, Targets: nodes(r.Targets)}.Title(),
				r.Leader, r.Term, strings.TrimSpace(took(since(r.Injected, r.Heal))+" "+parameters(r.Parameters))),
		})
	}
	return facts
}
