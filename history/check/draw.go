package check

import (
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"

	"raftkv/history"
)

// mostDrawn bounds a drawing: it holds a longest order for each operation, so
// its size grows with the square.
const mostDrawn = 200

// drawBudget is the time for a drawing's search, and again for its shrinking;
// drawMemory is what the search may hold.
const (
	drawBudget = 5 * time.Second
	drawMemory = 256 << 20
)

// Draw writes porcupine's drawing of one key as a page of HTML, with the faults
// beside it. If the key has too many operations to draw, it draws a part of them
// that still has no order or, if all have one, the first.
func Draw(w io.Writer, ops []history.Operation, key string, faults []history.Span) error {
	var mine []history.Operation
	for _, o := range ops {
		if o.Key == key {
			mine = append(mine, o)
		}
	}
	if len(mine) == 0 {
		return fmt.Errorf("draw: no operation on key %q", key)
	}
	r := registers(mine)[0]
	deadline := time.Now().Add(drawBudget)
	if h := (shrinker{key, deadline}); len(r.live) > mostDrawn && h.illegal(r.live) {
		r = reindex(key, r.shrink(mostDrawn, deadline))
	}
	calls := r.prune()
	if len(calls) > mostDrawn {
		calls = calls[:mostDrawn]
	}
	p := &pool{}
	p.free.Store(drawMemory)
	m := newMeter(p, len(calls))
	_, info := porcupine.CheckOperationsVerbose(model(m), drawable(calls), drawBudget)
	info.AddAnnotations(annotations(faults, calls))
	if err := porcupine.Visualize(model(nil), info, w); err != nil {
		return fmt.Errorf("draw key %q: %w", key, err)
	}
	return nil
}

// drawable gives each process a row of its own, densely, and ends what never
// returned just after all else, which is the same for a search.
func drawable(calls []call) []porcupine.Operation {
	ops := porcupineOperations(calls)
	_, end := bounds(calls)
	rows := make(map[int]int)
	for i := range ops {
		row, known := rows[ops[i].ClientId]
		if !known {
			row = len(rows)
			rows[ops[i].ClientId] = row
		}
		ops[i].ClientId = row
		ops[i].Return = min(ops[i].Return, end+1)
	}
	return ops
}

// bounds are the first call and the last call or return that is known.
func bounds(calls []call) (from, to int64) {
	from = history.Infinity
	for _, c := range calls {
		from, to = min(from, c.op.Call), max(to, c.op.Call)
		if c.until != history.Infinity {
			to = max(to, c.until)
		}
	}
	return from, to
}

// annotations are the faults that fall within what is drawn.
func annotations(faults []history.Span, calls []call) []porcupine.Annotation {
	from, to := bounds(calls)
	var all []porcupine.Annotation
	for _, f := range faults {
		if f.From > to || (f.To != 0 && f.To < from) {
			continue
		}
		end := to
		if f.To != 0 {
			end = min(f.To, to)
		}
		all = append(all, porcupine.Annotation{
			Tag: "fault", Start: max(f.From, from), End: end,
			Description: f.Title(), Details: f.Evidence,
			BackgroundColor: "#f6c9a8", TextColor: "#000",
		})
	}
	return slices.Clip(all)
}
