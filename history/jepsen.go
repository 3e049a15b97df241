package history

import (
	"fmt"
	"strconv"

	"olympos.io/encoding/edn"
)

// jepsenKinds and jepsenFunctions are Jepsen's names for a register's
// operations and the ones that its tests commonly use beside them.
var (
	jepsenKinds = map[edn.Keyword]Kind{
		"invoke": Invoke, "ok": Ok, "fail": Fail, "info": Info,
	}
	jepsenFunctions = map[edn.Keyword]Function{
		"read": Get, "get": Get, "write": Put, "put": Put,
		"delete": Delete, "cas": CAS,
	}
)

// jepsenRegister turns Jepsen's operations on registers into events. It
// remembers what each process invoked, since an end may leave out the key and
// often carries an error in place of the value.
type jepsenRegister struct {
	open   map[int]Event
	events []Event
}

func newJepsenRegister() *jepsenRegister {
	return &jepsenRegister{open: make(map[int]Event)}
}

// add appends one operation. The values are Jepsen's: nil for nothing, [old
// new] for a cas, and [key value] if there are several registers. Times grow
// strictly along the file: its order is the order of events, even where its
// clock shows two at one instant.
func (j *jepsenRegister) add(e Event, value any) error {
	if n := len(j.events); n > 0 {
		e.Time = max(e.Time, j.events[n-1].Time+1)
	}
	invoked, known := j.open[e.Process]
	switch {
	case e.Kind == Invoke:
		if err := setInput(&e, value); err != nil {
			return err
		}
		j.open[e.Process] = e
	case !known:
		return fmt.Errorf("process %d: %s with nothing invoked", e.Process, e.Kind)
	default:
		e.Key = invoked.Key
		if e.Kind == Ok {
			setOutput(&e, invoked, value)
		}
		delete(j.open, e.Process)
	}
	j.events = append(j.events, e)
	return nil
}

// setInput reads the value of an invocation.
func setInput(e *Event, value any) error {
	key, value := splitTuple(e.F, value)
	if key != nil {
		e.Key = scalar(key).Data
	}
	switch e.F {
	case Put:
		e.Value = scalar(value)
	case CAS:
		pair, ok := value.([]any)
		if !ok || len(pair) != 2 {
			return fmt.Errorf("a cas needs [old new], not %v", value)
		}
		e.Expect, e.Value = scalar(pair[0]), scalar(pair[1])
	}
	return nil
}

// setOutput reads the value of an ok. Jepsen's cas is ok only if it won, and
// then what it saw is what it expected. One that lost is a fail, which says
// only that it did not happen: not what it saw.
func setOutput(e *Event, invoked Event, value any) {
	switch e.F {
	case Get, Delete:
		_, value = splitTuple(e.F, value)
		e.Value = scalar(value)
	case CAS:
		e.Value, e.Swapped = invoked.Expect, true
	}
}

// splitTuple tells a register's value from jepsen.independent's [key value].
// Registers hold scalars, so a vector of two is a tuple, save for a cas whose
// own value is a vector: there the second place decides.
func splitTuple(f Function, value any) (key, rest any) {
	pair, ok := value.([]any)
	if !ok || len(pair) != 2 {
		return nil, value
	}
	if _, nested := pair[1].([]any); f == CAS && !nested {
		return nil, value
	}
	return pair[0], pair[1]
}

// scalar is a register's content as text; nil is absence.
func scalar(v any) Value {
	switch v := v.(type) {
	case nil:
		return Value{}
	case string:
		return Some(v)
	case int64:
		return Some(strconv.FormatInt(v, 10))
	default:
		return Some(fmt.Sprint(v))
	}
}
