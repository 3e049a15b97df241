package history

import (
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"olympos.io/encoding/edn"
)

// ReadEDN reads Jepsen's history.edn: operations as maps with :type, :f,
// :value, :process and, if given, :time and :key, either one after another or
// in one vector. Without :time, events come a second apart. Operations whose process is no number, such as the nemesis,
// are passed over. Its functions are read, write, cas and delete.
func ReadEDN(r io.Reader) ([]Event, error) {
	j := newJepsenRegister()
	d := edn.NewDecoder(r)
	for number := 1; ; {
		var v any
		err := d.Decode(&v)
		if errors.Is(err, io.EOF) {
			return j.events, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%w: operation %d: %w", ErrMalformed, number, err)
		}
		for _, op := range ednOperations(v) {
			if err := j.addEDN(op); err != nil {
				return nil, fmt.Errorf("%w: operation %d: %w", ErrMalformed, number, err)
			}
			number++
		}
	}
}

// ednOperations unwraps a top-level form: one operation or a sequence of them.
func ednOperations(v any) []any {
	v = untag(v)
	if many, ok := v.([]any); ok {
		return many
	}
	return []any{v}
}

// untag drops a tag such as #jepsen.history.Op.
func untag(v any) any {
	for {
		t, ok := v.(edn.Tag)
		if !ok {
			return v
		}
		v = t.Value
	}
}

func (j *jepsenRegister) addEDN(v any) error {
	m, ok := untag(v).(map[any]any)
	if !ok {
		return fmt.Errorf("expected a map, found %T", v)
	}
	field := func(name string) any { return m[edn.Keyword(name)] }
	process, ok := field("process").(int64)
	if !ok {
		return nil
	}
	e := Event{Process: int(process), Time: int64(len(j.events)) * int64(time.Second)}
	if err := e.name(field("type"), field("f")); err != nil {
		return err
	}
	if at, ok := field("time").(int64); ok && at >= 0 && at < math.MaxInt64/2 {
		e.Time = at
	}
	if key := field("key"); key != nil {
		e.Key = scalar(key).Data
	}
	if why := field("error"); why != nil {
		e.Error = scalar(why).Data
	}
	return j.add(e, field("value"))
}

// name sets the kind and the function from Jepsen's keywords.
func (e *Event) name(kind, f any) error {
	k, _ := kind.(edn.Keyword)
	fn, _ := f.(edn.Keyword)
	e.Kind, e.F = jepsenKinds[k], jepsenFunctions[fn]
	switch {
	case e.Kind == "":
		return fmt.Errorf("unknown :type %v", kind)
	case e.F == "":
		return fmt.Errorf("unknown :f %v: only registers with read, write, cas and delete are judged", f)
	}
	return nil
}
