package run

import (
	"time"

	"raftkv/harness/proof"
	"raftkv/harness/workload"
)

// Schedule is what a run was made of. The seed decides times, parameters and
// random choices; roles are resolved when a step fires, and written down then.
type Schedule struct {
	Scenario string            `json:"scenario"`
	Seed     int64             `json:"seed"`
	Driver   string            `json:"driver"`
	Why      string            `json:"why,omitempty"`
	Started  time.Time         `json:"started"`
	Flags    map[string]string `json:"flags,omitempty"`
	Load     workload.Config   `json:"load"`
	Warmup   time.Duration     `json:"warmup_ns"`
	Tail     time.Duration     `json:"tail_ns"`
	Steps    []Step            `json:"steps"`
}

// Step is one fault of a schedule. Times are on the recorder's clock; 0 is not
// reached.
type Step struct {
	Name string `json:"name"`
	// Targets are the nodes that the role meant when the step fired.
	Targets []int `json:"targets,omitempty"`
	// Leader and Term are who led just before.
	Leader int    `json:"leader,omitempty"`
	Term   uint64 `json:"term,omitempty"`
	// Parameters are what the seed drew for the fault.
	Parameters map[string]string `json:"parameters,omitempty"`
	// Hold is how long the fault was to last, once it was proved.
	Hold time.Duration `json:"hold_ns"`
	// Inject and Injected: the fault was begun, and proved.
	Inject   int64           `json:"inject,omitempty"`
	Injected int64           `json:"injected,omitempty"`
	Bit      *proof.Evidence `json:"bit,omitempty"`
	// Heal and Healed: the healing was begun, and proved.
	Heal   int64           `json:"heal,omitempty"`
	Healed int64           `json:"healed,omitempty"`
	Mended *proof.Evidence `json:"mended,omitempty"`
	// Recovered is when a leader existed and a write called after the healing
	// had committed.
	Recovered int64 `json:"recovered,omitempty"`
}
