package history

import (
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// text is a string in JSON: itself, or {"base64": …} when it is not UTF-8,
// which JSON's strings cannot carry without damage.
type text string

type binaryText struct {
	Base64 []byte `json:"base64"`
}

// MarshalJSON implements json.Marshaler.
func (t text) MarshalJSON() ([]byte, error) {
	if utf8.ValidString(string(t)) {
		return json.Marshal(string(t))
	}
	return json.Marshal(binaryText{[]byte(t)})
}

// UnmarshalJSON implements json.Unmarshaler.
func (t *text) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '{' {
		var raw binaryText
		if err := json.Unmarshal(b, &raw); err != nil {
			return err
		}
		*t = text(raw.Base64)
		return nil
	}
	return json.Unmarshal(b, (*string)(t))
}

// MarshalJSON writes null for absence and the content otherwise.
func (v Value) MarshalJSON() ([]byte, error) {
	if !v.Present {
		return []byte("null"), nil
	}
	return json.Marshal(text(v.Data))
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (v *Value) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*v = Value{}
		return nil
	}
	v.Present = true
	return json.Unmarshal(b, (*text)(&v.Data))
}

// Some is a present value.
func Some(data string) Value { return Value{Present: true, Data: data} }

// String is the value for a reader: quoted content, or the word absent.
func (v Value) String() string {
	if !v.Present {
		return "absent"
	}
	return fmt.Sprintf("%q", v.Data)
}

// line is an Event's form in a file. The names are short since a long run has
// millions, and are never changed or used for anything else.
type line struct {
	Time    *int64   `json:"t"`
	Process *int     `json:"p"`
	Kind    Kind     `json:"k"`
	F       Function `json:"f"`
	Key     text     `json:"key"`
	Value   Value    `json:"v,omitzero"`
	Expect  Value    `json:"x,omitzero"`
	Swapped bool     `json:"won,omitempty"`
	Final   bool     `json:"final,omitempty"`
	Stale   bool     `json:"stale,omitempty"`
	MaxAge  int64    `json:"age,omitempty"`
	Error   string   `json:"err,omitempty"`
	Node    string   `json:"node,omitempty"`
}

// MarshalJSON writes the event as docs/HISTORY.md describes.
func (e Event) MarshalJSON() ([]byte, error) {
	return json.Marshal(line{
		Time: &e.Time, Process: &e.Process, Kind: e.Kind, F: e.F, Key: text(e.Key),
		Value: e.Value, Expect: e.Expect, Swapped: e.Swapped,
		Final: e.Final, Stale: e.Stale, MaxAge: e.MaxAge, Error: e.Error, Node: e.Node,
	})
}

// UnmarshalJSON reads what MarshalJSON wrote. Fields that it does not know are
// passed over; a kind or function that it does not know is an error, since to
// pass over an operation would be to judge another history.
func (e *Event) UnmarshalJSON(b []byte) error {
	var err error
	*e, err = decodeLine(b)
	return err
}

func decodeLine(b []byte) (Event, error) {
	var l line
	if err := json.Unmarshal(b, &l); err != nil {
		return Event{}, err
	}
	if l.Time == nil || l.Process == nil {
		return Event{}, errors.New(`an event needs "t" and "p"`)
	}
	e := Event{
		Time: *l.Time, Process: *l.Process, Kind: l.Kind, F: l.F, Key: string(l.Key),
		Value: l.Value, Expect: l.Expect, Swapped: l.Swapped,
		Final: l.Final, Stale: l.Stale, MaxAge: l.MaxAge, Error: l.Error, Node: l.Node,
	}
	return e, e.valid()
}

func (e *Event) valid() error {
	switch e.Kind {
	case Invoke, Ok, Fail, Info:
	default:
		return fmt.Errorf("unknown kind %q", e.Kind)
	}
	switch e.F {
	case Get, Put, Delete, CAS:
		return nil
	default:
		return fmt.Errorf("unknown function %q", e.F)
	}
}
