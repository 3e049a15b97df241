package check

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"raftkv/history"
)

// Result is a verdict in a word.
type Result string

// The four results. Only the first is good news; unknown is never a pass.
const (
	Pass         Result = "PASS"
	Violated     Result = "VIOLATION"
	Inconclusive Result = "INCONCLUSIVE"
	HarnessError Result = "HARNESS ERROR"
)

// ExitCode is the exit code of a program that ends with this result: 0 PASS, 1
// VIOLATION, 2 INCONCLUSIVE, 3 HARNESS ERROR and anything else.
func (r Result) ExitCode() int {
	switch r {
	case Pass:
		return 0
	case Violated:
		return 1
	case Inconclusive:
		return 2
	default:
		return 3
	}
}

// Verdict is the judgement of a run.
type Verdict struct {
	Result Result `json:"result"`
	// Summary is the verdict in a sentence.
	Summary string `json:"summary"`
	// Violations are the first 20 of each kind, kind by kind, and Counts how many
	// there are.
	Violations []Violation  `json:"violations,omitempty"`
	Counts     map[Kind]int `json:"violation_counts,omitempty"`
	// Reasons say what speaks against a pass besides violations.
	Reasons    []string     `json:"reasons,omitempty"`
	Undecided  []Undecided  `json:"undecided,omitempty"`
	Floors     []FloorCount `json:"floors,omitempty"`
	Operations int          `json:"operations"`
	Keys       int          `json:"keys"`
	// Outcomes counts operations by function and outcome.
	Outcomes map[string]map[string]int `json:"outcomes,omitempty"`
	Elapsed  time.Duration             `json:"elapsed_ns"`
}

// HarnessFailure is the verdict on a run that came to nothing, such as one whose
// history cannot be read.
func HarnessFailure(err error) Verdict {
	return Verdict{Result: HarnessError, Summary: err.Error(), Reasons: []string{err.Error()}}
}

// ExitCode is the result's.
func (v Verdict) ExitCode() int { return v.Result.ExitCode() }

// WriteJSON writes the verdict as one indented JSON object, which
// json.Unmarshal reads back.
func (v Verdict) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("write verdict: %w", err)
	}
	return nil
}

// mostInText bounds the violations of a kind that a terminal gets to see.
const mostInText = 3

// WriteText writes the verdict for a terminal: the result, then the first three
// violations of each kind in words with the operations that prove them, and how
// many more there are.
func (v Verdict) WriteText(w io.Writer) error {
	_, err := io.WriteString(w, v.text())
	return err
}

func (v Verdict) text() string {
	var b strings.Builder
	if v.Result == Violated {
		fmt.Fprintf(&b, "%s\n", v.Result)
	} else {
		fmt.Fprintf(&b, "%s: %s\n", v.Result, v.Summary)
	}
	shown := make(map[Kind]int)
	for i, x := range v.Violations {
		if shown[x.Kind] < mostInText {
			shown[x.Kind]++
			b.WriteString(x.text())
		}
		last := i == len(v.Violations)-1 || v.Violations[i+1].Kind != x.Kind
		if more := v.Counts[x.Kind] - shown[x.Kind]; last && more > 0 {
			fmt.Fprintf(&b, "  … and %d more of %s\n", more, x.Kind)
		}
	}
	if v.Result == Violated {
		for _, r := range v.Reasons {
			fmt.Fprintf(&b, "  also: %s\n", r)
		}
	}
	return b.String()
}

func (x Violation) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "  %s", x.Kind)
	if x.Key != "" {
		fmt.Fprintf(&b, ", key %q", x.Key)
	}
	fmt.Fprintf(&b, ": %s\n", x.Words)
	for _, o := range x.Witness {
		fmt.Fprintf(&b, "    %s – %s  process %d%s  %s\n", seconds(o.Call), ended(o), o.Process, at(o), Describe(o))
	}
	return b.String()
}

func ended(o history.Operation) string {
	if o.Outcome == history.OutcomeUnknown {
		return "?"
	}
	return seconds(o.Return)
}

func at(o history.Operation) string {
	if o.Node == "" {
		return ""
	}
	return " at node " + o.Node
}
