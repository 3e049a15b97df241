package run

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"raftkv/harness/disk"
	"raftkv/harness/proof"
	"raftkv/harness/workload"
)

// Schedule is what a run was made of: a row of the table of scenarios, or steps
// drawn for a profile. The seed decides times, parameters and random choices;
// roles are resolved when a step fires, and written down then.
type Schedule struct {
	// Scenario is the row's name, or the profile's.
	Scenario string `json:"scenario"`
	// Profile is set if the steps were drawn, and Length is how long the faults
	// were to last together.
	Profile string        `json:"profile,omitempty"`
	Length  time.Duration `json:"length_ns,omitempty"`
	Seed    int64         `json:"seed"`
	// Binary is the nodes' program, if it was given and not built.
	Binary string `json:"binary,omitempty"`
	// Image is the nodes' image, likewise.
	Image string `json:"image,omitempty"`
	// Levers is set if the nodes were built for testing.
	Levers bool `json:"levers,omitempty"`
	// Disks is what the nodes' data was on.
	Disks   disk.Kind         `json:"disks,omitempty"`
	Driver  string            `json:"driver,omitempty"`
	Why     string            `json:"why,omitempty"`
	Started time.Time         `json:"started,omitzero"`
	Flags   map[string]string `json:"flags,omitempty"`
	Load    workload.Config   `json:"load"`
	Warmup  time.Duration     `json:"warmup_ns"`
	Tail    time.Duration     `json:"tail_ns"`
	// LeftOut are the kinds that could not be drawn here.
	LeftOut []LeftOut `json:"left_out,omitempty"`
	Steps   []Step    `json:"steps"`
}

// LeftOut is a kind of fault that was not drawn, and the reason.
type LeftOut struct {
	Kind string `json:"kind"`
	Why  string `json:"why"`
}

// Step is one fault of a schedule. Times are on the recorder's clock; 0 is not
// reached.
type Step struct {
	Name string `json:"name"`
	// Number is the step's place in the schedule as it was first made, which
	// stays when others are taken out.
	Number int `json:"number"`
	// Drawn steps only. Steps of one Round hold together: each is injected After
	// the one before it, and when all have held they are healed in the reverse
	// order. Kind is the fault's; Role and Count say whom it befalls. Stays means
	// that it is healed at the run's end only.
	Round int           `json:"round,omitempty"`
	Kind  string        `json:"kind,omitempty"`
	Role  string        `json:"role,omitempty"`
	Count int           `json:"count,omitempty"`
	After time.Duration `json:"after_ns,omitempty"`
	Stays bool          `json:"stays,omitempty"`
	// Targets are the nodes that the role meant when the step fired; in a
	// schedule that is to be repeated, the nodes that it is to mean.
	Targets []int `json:"targets,omitempty"`
	// Leader and Term are who led just before, likewise.
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
	// Recovered is when the first write that was called after the healing, and
	// succeeded, returned; a leader and a read were seen too.
	Recovered int64 `json:"recovered,omitempty"`
}

// Planned is the schedule as it was to be, with everything that was resolved and
// nothing of what happened: what a repetition begins with.
func (s Schedule) Planned() Schedule {
	s.Driver, s.Why, s.Started = "", "", time.Time{}
	s.Steps = slices.Clone(s.Steps)
	for i, step := range s.Steps {
		step.Inject, step.Injected, step.Heal, step.Healed, step.Recovered = 0, 0, 0, 0, 0
		step.Bit, step.Mended, step.Term = nil, nil, 0
		s.Steps[i] = step
	}
	return s
}

// ReadSchedule reads the schedule of the run that left the folder at path.
// ErrNotARun if there is none.
func ReadSchedule(path string) (Schedule, error) {
	f := Folder{Path: path}
	var s Schedule
	err := f.ReadJSON(ScheduleFile, &s)
	if errors.Is(err, os.ErrNotExist) {
		return s, fmt.Errorf("%s: %w", path, ErrNotARun)
	}
	return s, err
}
