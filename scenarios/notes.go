package scenarios

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"raftkv/harness/link"
	"raftkv/harness/run"
	"raftkv/history"
	"raftkv/history/check"
)

// Kinds of violations that the runner finds itself.
const (
	// NoProgress: after a proved healing the cluster did not serve in time.
	NoProgress check.Kind = "no progress after healing"
	// NoQuorum: something succeeded that no quorum can have agreed to.
	NoQuorum check.Kind = "success without a quorum"
	// Diverged: replicas hold different data after everything was settled.
	Diverged check.Kind = "replicas differ"
	// Died: a node ended although nobody ended it.
	Died check.Kind = "node died of itself"
)

// begin ends the phase that runs and begins another. It returns the instant.
func (x *execution) begin(p Phase) int64 {
	x.end()
	at := x.log.Append(run.Event{Kind: run.KindPhase, Name: string(p)})
	x.phases = append(x.phases, history.Span{Name: string(p), Kind: "phase", From: at})
	x.meter.say(func(u *Update) { u.Phase = p }, "")
	return at
}

// end ends the phase that runs, if one does.
func (x *execution) end() {
	if n := len(x.phases); n > 0 && x.phases[n-1].To == 0 {
		x.phases[n-1].To = x.clock.Now()
	}
}

// say tells the user and the event log.
func (x *execution) say(text string) {
	x.log.Note("%s", text)
	x.meter.say(nil, text)
}

// doubt makes the run inconclusive.
func (x *execution) doubt(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	x.notes = append(x.notes, text)
	x.say(text)
}

// broken makes the run a harness error.
func (x *execution) broken(doing string, err error) {
	text := fmt.Sprintf("%s: %v", doing, err)
	x.errors = append(x.errors, text)
	x.unlinked = x.unlinked || errors.Is(err, link.ErrWedged) || errors.Is(err, link.ErrProxyLost)
	x.meter.say(nil, text)
	x.log.Note("%s", text)
}

// stopped tells why the run ended before it began: interrupted, or broken.
func (x *execution) stopped(ctx context.Context, doing string, err error) {
	if !x.interrupted(ctx) {
		x.broken(doing, err)
	}
}

// check is broken if there is an error.
func (x *execution) check(doing string, err error) {
	if err != nil {
		x.broken(doing, err)
	}
}

// accuse adds a violation; witnesses may be left out.
func (x *execution) accuse(k check.Kind, key, words string, witness ...history.Operation) {
	x.violations = append(x.violations, check.Violation{Kind: k, Key: key, Words: words, Witness: witness})
	x.meter.say(nil, string(k)+": "+words)
}

// interrupted says whether the run is to end, and notes it the first time.
func (x *execution) interrupted(ctx context.Context) bool {
	if ctx.Err() == nil {
		return false
	}
	const text = "the run was interrupted"
	if !slices.Contains(x.notes, text) {
		x.doubt(text)
	}
	return true
}

// nodes names ids as the timeline does.
func nodes(ids []int) []string {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = strconv.Itoa(id)
	}
	return names
}
