package history

import (
	"strings"
	"time"
)

// FinalPhase names the span at a run's end in which every key is read once more.
const FinalPhase = "final"

// Span is something that lasted: a fault or a phase of the schedule. Times are
// nanoseconds on the recorder's clock.
type Span struct {
	Name string `json:"name"`
	// Detail is what was drawn for it, such as "mode hold".
	Detail string `json:"detail,omitempty"`
	// Kind groups spans that are drawn alike, such as "kill" or "partition".
	Kind string `json:"kind,omitempty"`
	// Targets are the nodes or links that it befell.
	Targets []string `json:"targets,omitempty"`
	From    int64    `json:"from"`
	// To is 0 if it was not over when the run was.
	To int64 `json:"to,omitempty"`
	// Evidence says how it was proved that it bit.
	Evidence string `json:"evidence,omitempty"`
}

// Holds reports whether an interval lies within the span.
func (s Span) Holds(from, to int64) bool {
	return from >= s.From && (s.To == 0 || to <= s.To)
}

// Title is the name, and in brackets the nodes that it befell.
func (s Span) Title() string {
	if len(s.Targets) == 0 {
		return s.Name
	}
	word, ids := "node", make([]string, len(s.Targets))
	for i, t := range s.Targets {
		ids[i] = strings.TrimPrefix(t, "node ")
	}
	if len(ids) > 1 {
		word = "nodes"
	}
	return s.Name + " (" + word + " " + strings.Join(ids, ", ") + ")"
}

// LeaderPoint says who leads from an instant on. Node is empty if nobody is
// known to.
type LeaderPoint struct {
	Time int64  `json:"time"`
	Node string `json:"node"`
	Term uint64 `json:"term"`
}

// Mark is an instant worth a word, such as the first write after healing.
type Mark struct {
	Time int64  `json:"time"`
	Text string `json:"text"`
}

// Timeline is what happened to the cluster while clients ran.
type Timeline struct {
	Faults  []Span        `json:"faults,omitempty"`
	Phases  []Span        `json:"phases,omitempty"`
	Leaders []LeaderPoint `json:"leaders,omitempty"`
	Marks   []Mark        `json:"marks,omitempty"`
	Links   []LinkSpan    `json:"links,omitempty"`
	Lags    Lags          `json:"lags,omitzero"`
}

// Run says which run a history is of.
type Run struct {
	Scenario string `json:"scenario"`
	Seed     int64  `json:"seed"`
	Driver   string `json:"driver"`
	// Commands repeat the run, one a line.
	Commands []string      `json:"commands,omitempty"`
	Started  time.Time     `json:"started"`
	Duration time.Duration `json:"duration_ns"`
	// Gap is the longest time without an acknowledged write.
	Gap time.Duration `json:"gap_ns,omitempty"`
	// Expectation is what the scenario promises, as a sentence.
	Expectation string `json:"expectation,omitempty"`
	Facts       []Fact `json:"facts,omitempty"`
}

// Fact is one more row about a run.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}
