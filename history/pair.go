package history

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// ErrMalformed marks a history that breaks the rules of histories: a harness
// error, never a finding against the store.
var ErrMalformed = errors.New("malformed history")

// Pair joins each invocation with its end and returns the operations in the
// order of their calls. Events of one process must be in the order in which
// they happened; those of different processes may be interleaved in any way.
//
// It returns ErrMalformed for an end without an invocation, a second invocation
// while one is open, an end that names another function or key, and a clock
// that runs backwards within a process. An operation that never ends is
// unknown, as is one that ends as Info.
func Pair(events []Event) ([]Operation, error) {
	p := newPairing()
	for _, e := range events {
		if err := p.add(e); err != nil {
			return nil, err
		}
	}
	return p.byCall(), nil
}

// pairing maps a process to its open operation. Operations lie in pieces: one slice
// of millions would be copied again and again while it grows, at several times the
// cost of reading them.
type pairing struct {
	open   map[int]*Operation
	pieces [][]Operation
	added  int
}

// piece is how many operations lie together.
const piece = 1 << 12

func newPairing() *pairing { return &pairing{open: make(map[int]*Operation)} }

func (p *pairing) byCall() []Operation {
	ops := slices.Concat(p.pieces...)
	slices.SortStableFunc(ops, func(a, b Operation) int { return cmp.Compare(a.Call, b.Call) })
	return ops
}

// keep adds an operation and returns where it lies, for good.
func (p *pairing) keep(o Operation) *Operation {
	last := len(p.pieces) - 1
	if last < 0 || len(p.pieces[last]) == piece {
		p.pieces = append(p.pieces, make([]Operation, 0, piece))
		last++
	}
	p.pieces[last] = append(p.pieces[last], o)
	return &p.pieces[last][len(p.pieces[last])-1]
}

func (p *pairing) add(e Event) error {
	p.added++
	if err := p.join(e); err != nil {
		return fmt.Errorf("%w: event %d (process %d): %w", ErrMalformed, p.added, e.Process, err)
	}
	return nil
}

func (p *pairing) join(e Event) error {
	if e.Kind == Invoke {
		return p.invoke(e)
	}
	return p.end(e)
}

func (p *pairing) invoke(e Event) error {
	if _, busy := p.open[e.Process]; busy {
		return errors.New("invoked while its last operation is still open")
	}
	p.open[e.Process] = p.keep(Operation{
		Process: e.Process, Node: e.Node, F: e.F, Key: e.Key,
		Call: e.Time, Return: Infinity,
		Input: input(e), Expect: e.Expect,
		Outcome: OutcomeUnknown, Final: e.Final, Stale: e.Stale, MaxAge: e.MaxAge,
	})
	return nil
}

// input is what e wants to write; a get or a delete brings nothing.
func input(e Event) Value {
	if e.F == Put || e.F == CAS {
		return e.Value
	}
	return Value{}
}

func (p *pairing) end(e Event) error {
	o, busy := p.open[e.Process]
	if !busy {
		return fmt.Errorf("%s with nothing open", e.Kind)
	}
	switch {
	case o.F != e.F || o.Key != e.Key:
		return fmt.Errorf("%s of %s %q ends %s %q", e.Kind, e.F, e.Key, o.F, o.Key)
	case e.Time < o.Call:
		return fmt.Errorf("ends at %d ns, before its invocation at %d ns", e.Time, o.Call)
	}
	delete(p.open, e.Process)
	return finish(o, e)
}

// finish writes the end into the operation.
func finish(o *Operation, e Event) error {
	o.Error = e.Error
	if e.Node != "" {
		o.Node = e.Node
	}
	switch e.Kind {
	case Ok:
		o.Outcome, o.Return = OutcomeOk, e.Time
		o.Swapped = o.F == CAS && e.Swapped
		if o.F != Put {
			o.Output = e.Value
		}
	case Fail:
		o.Outcome, o.Return = OutcomeFail, e.Time
	case Info:
		o.GaveUp = e.Time
	default:
		return fmt.Errorf("unknown kind %q", e.Kind)
	}
	return nil
}
