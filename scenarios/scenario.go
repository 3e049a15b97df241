package scenarios

import (
	"time"

	"raftkv/harness/disk"
	"raftkv/harness/fault"
	"raftkv/history"
)

// Phase names a part of a run. Operations are counted by phase.
type Phase string

// The phases of a run, in order. Inject to Recovery come once for each round.
const (
	Before   Phase = "before"
	Inject   Phase = "inject"
	During   Phase = "during"
	Heal     Phase = "heal"
	Recovery Phase = "recovery"
	After    Phase = "after"
	Drain    Phase = "drain"
	Final    Phase = history.FinalPhase
)

// Scenario is one row of the table.
type Scenario struct {
	Name string
	// Story is what is done, Expect what is promised: who may succeed while it
	// holds, and what comes after. A sentence each.
	Story, Expect string
	// Nodes is how many there are, 0 for the default; Joiners how many of them
	// are no members at first.
	Nodes, Joiners int
	// Disks is what the nodes' data has to be on. Where that cannot be had the
	// scenario is skipped, with the reason.
	Disks disk.Kind
	// Flags of the nodes beyond the harness's own.
	Flags map[string]string
	// Rate is operations a second of the roaming clients; 0 is the default.
	Rate  int
	Steps []Step
	// Bound is how long after a proved healing the first successful write may
	// take. Exceeding it is a violation.
	Bound    time.Duration
	Floors   []Floor
	Ceilings []Ceiling
	Proofs   []Proof
}

// Step is a fault, injected and healed once a round.
type Step struct {
	Name   string
	Target Target
	// Rounds is how many times; 0 means once. The target is resolved anew.
	Rounds int
	// Fault makes the fault for the nodes that the target turned out to be.
	Fault func(Draw) fault.Fault
	// Hold bounds how long the fault lasts; the seed chooses in between.
	Hold Between
	// Until, if set, keeps the fault in place beyond Hold, for patience at most,
	// until it returns nil. Its error says what is still missing.
	Until func(Round) error
	// Then, if set, waits after the recovery, for patience at most, until it
	// returns nil: what a proof looks for may take a busy machine a while to show.
	Then func(Round) error
}

// Between is a range of durations.
type Between struct{ Min, Max time.Duration }

// Floor is how many operations must succeed in a phase for the run to mean
// anything. Below it the run is INCONCLUSIVE.
type Floor struct {
	Phase    Phase
	Function history.Function
	Min      int
}

// Where says which clients' operations a Ceiling counts.
type Where string

const (
	// Anywhere counts every client.
	Anywhere Where = "anywhere"
	// Targets counts clients pinned on the nodes that the fault was aimed at.
	Targets Where = "targets"
)

// Ceiling is what cannot succeed while a proved fault holds, because no quorum
// can have agreed to it. An operation counts when it was both called and
// returned while the fault held. One more than Max is a violation.
type Ceiling struct {
	Functions []history.Function
	At        Where
	Max       int
}

// Proof is a condition without which the fault did not matter. If it does not
// hold, the run is INCONCLUSIVE.
type Proof struct {
	Words string
	Holds func(Facts) error
}

// ByName finds a scenario of the table.
func ByName(name string) (Scenario, bool) {
	for _, s := range All {
		if s.Name == name {
			return s, true
		}
	}
	return Scenario{}, false
}

// step finds a step by its name.
func (s Scenario) step(name string) (Step, bool) {
	for _, step := range s.Steps {
		if step.Name == name {
			return step, true
		}
	}
	return Step{}, false
}
