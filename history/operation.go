package history

import (
	"math"
	"slices"
)

// Outcome is what is known of an operation once the history is over.
type Outcome string

// The three outcomes. There is no fourth: what is not known to have happened
// and not known to have failed is unknown.
const (
	OutcomeOk      Outcome = "ok"
	OutcomeFail    Outcome = "fail"
	OutcomeUnknown Outcome = "unknown"
)

// Infinity is the Return of an operation that may still take effect at any
// time to come.
const Infinity int64 = math.MaxInt64

// Operation is one invocation with its end, if it had one. Times are
// nanoseconds on the recorder's clock. The operation took effect, if at all,
// at one instant of the closed interval [Call, Return]: one that returns at
// the instant another is called is concurrent with it.
type Operation struct {
	Process int      `json:"process"`
	Node    string   `json:"node,omitempty"`
	F       Function `json:"f"`
	Key     string   `json:"key"`
	Call    int64    `json:"call"`
	// Return is Infinity when the outcome is unknown.
	Return int64 `json:"return"`
	// GaveUp is when the client of an unknown operation stopped waiting; 0 if
	// it never said so.
	GaveUp int64 `json:"gave_up,omitempty"`
	// Input is what a put or a cas wants to write.
	Input Value `json:"input,omitzero"`
	// Expect is what a cas wants to find.
	Expect Value `json:"expect,omitzero"`
	// Output is what an ok get found or an ok cas saw. Of an ok delete only
	// Output.Present means something: whether there was anything to delete.
	Output Value `json:"output,omitzero"`
	// Swapped tells whether an ok cas won.
	Swapped bool    `json:"swapped,omitempty"`
	Outcome Outcome `json:"outcome"`
	Final   bool    `json:"final,omitempty"`
	Stale   bool    `json:"stale,omitempty"`
	// MaxAge is how far in the past a stale read may lie; 0 is no bound.
	MaxAge int64  `json:"max_age,omitempty"`
	Error  string `json:"error,omitempty"`
}

// Wrote tells whether it certainly changed what is stored; a lost swap did not.
func (o Operation) Wrote() bool {
	return o.Outcome == OutcomeOk && (o.F == Put || o.F == Delete || o.Swapped)
}

// LongestGap is the longest stretch between one write's return and the next's, of
// those that certainly wrote; 0, 0 if there are not two.
func LongestGap(ops []Operation) (from, to int64) {
	var ends []int64
	for _, o := range ops {
		if o.Wrote() {
			ends = append(ends, o.Return)
		}
	}
	slices.Sort(ends)
	for i := 1; i < len(ends); i++ {
		if ends[i]-ends[i-1] > to-from {
			from, to = ends[i-1], ends[i]
		}
	}
	return from, to
}

// Before reports whether o was over when p began, so that o's effect must
// precede p's in every explanation of the history.
func (o Operation) Before(p Operation) bool { return o.Return < p.Call }

// End is the last instant at which the client was busy with the operation, for
// drawing: its return, or when it gave up, or limit if it never did.
func (o Operation) End(limit int64) int64 {
	switch {
	case o.Outcome != OutcomeUnknown:
		return o.Return
	case o.GaveUp != 0:
		return o.GaveUp
	default:
		return max(limit, o.Call)
	}
}
