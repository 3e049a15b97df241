package proof

import (
	"errors"
	"fmt"
	"time"
)

// Outcome says whether an action was seen to take effect.
type Outcome string

const (
	// Installed means that a read-back and a probe both showed the effect. For
	// a heal it means that the heal was shown.
	Installed Outcome = "installed"
	// Skipped means that the action was not tried, for a reason in the detail.
	Skipped Outcome = "skipped"
	// Indeterminate means that the setting was read back but no probe could
	// show the effect, for example because the receiving node is dead.
	Indeterminate Outcome = "indeterminate"
	// Failed means that the action did not take effect: a harness error.
	Failed Outcome = "failed"
)

// rank orders outcomes from best to worst.
func (o Outcome) rank() int {
	switch o {
	case Installed:
		return 0
	case Skipped:
		return 1
	case Indeterminate:
		return 2
	default:
		return 3
	}
}

// Evidence is what one action left behind for the record.
type Evidence struct {
	// Action is the verb: "kill", "drop", "heal".
	Action string `json:"action"`
	// Target is what it was done to: "n3", "1->2".
	Target string `json:"target"`
	// Outcome is the worst of the parts when there are parts.
	Outcome Outcome `json:"outcome"`
	// Detail says in words what was seen.
	Detail string `json:"detail,omitempty"`
	// Counted is how often what is undone had struck, where that is counted.
	Counted int64 `json:"counted,omitempty"`
	// Took is how long the action and its proof lasted.
	Took time.Duration `json:"took_ns"`
	// Parts are the actions that this one is made of.
	Parts []Evidence `json:"parts,omitempty"`
}

// String gives the evidence as one line.
func (e Evidence) String() string {
	s := fmt.Sprintf("%s %s: %s in %s", e.Action, e.Target, e.Outcome, e.Took.Round(time.Millisecond))
	if e.Detail != "" {
		s += " (" + e.Detail + ")"
	}
	return s
}

// Since makes the evidence of an action that began at start.
func Since(start time.Time, action, target string, o Outcome, detail string) Evidence {
	return Evidence{Action: action, Target: target, Outcome: o, Detail: detail, Took: time.Since(start)}
}

// Fail makes the evidence and the error of an action that did not work. The
// error names the action and the target and wraps err.
func Fail(start time.Time, action, target string, err error) (Evidence, error) {
	e := Since(start, action, target, Failed, err.Error())
	return e, fmt.Errorf("%s %s: %w", action, target, err)
}

// ErrUnseen is wrapped by the error of an action whose setting was read back, while
// no probe could show the effect: the outcome is Indeterminate, and nothing broke.
var ErrUnseen = errors.New("set, and its effect was not seen")

// Made makes the evidence of an action from what was seen of it, or from why it was
// not: Installed, Indeterminate if the error wraps ErrUnseen, or Failed, with an
// error that names the action and the target and wraps err.
func Made(start time.Time, action, target, seen string, err error) (Evidence, error) {
	switch {
	case err == nil:
		return Since(start, action, target, Installed, seen), nil
	case errors.Is(err, ErrUnseen):
		return Since(start, action, target, Indeterminate, err.Error()), nil
	default:
		return Fail(start, action, target, err)
	}
}

// Join makes one evidence out of parts: the worst outcome wins (failed, then
// indeterminate, then skipped, then installed), and the detail counts them and
// repeats the first that is not installed. With no parts it is Skipped.
// Took is the longest part; a caller that knows better sets it.
func Join(action, target string, parts ...Evidence) Evidence {
	e := Evidence{Action: action, Target: target, Outcome: Skipped, Detail: "nothing to do", Parts: parts}
	if len(parts) == 0 {
		return e
	}
	e.Outcome, e.Detail = Installed, ""
	installed := 0
	for _, p := range parts {
		e.Took = max(e.Took, p.Took)
		e.Counted += p.Counted
		if p.Outcome == Installed {
			installed++
		}
		if p.Outcome.rank() > e.Outcome.rank() {
			e.Outcome, e.Detail = p.Outcome, "; "+p.String()
		}
	}
	e.Detail = fmt.Sprintf("%d of %d installed%s", installed, len(parts), e.Detail)
	return e
}
