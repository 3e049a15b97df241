package history

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Keys that begin with one of these hold more than a bare value: what their
// values mean is written in the values, and package check holds them to it. A
// history of any store may use them; docs/HISTORY.md describes the forms.
const (
	CounterPrefix = "~counter/"
	ListPrefix    = "~list/"
	LockPrefix    = "~lock/"
)

// Counter is the value of a counter: how much was counted, and a tag that makes
// each attempt's value unique. Absence is 0.
type Counter struct {
	N   int
	Tag string
}

// Next is the counter after one more, by the attempt that tag names. A tag
// holds no space.
func (c Counter) Next(tag string) Counter { return Counter{c.N + 1, tag} }

// Value writes the counter as "N TAG".
func (c Counter) Value() Value { return Some(fmt.Sprintf("%d %s", c.N, c.Tag)) }

// ParseCounter reads what Value wrote, or absence.
func ParseCounter(v Value) (Counter, bool) {
	if !v.Present {
		return Counter{}, true
	}
	n, tag, ok := strings.Cut(v.Data, " ")
	c := Counter{Tag: tag}
	var err error
	c.N, err = strconv.Atoi(n)
	return c, ok && err == nil && c.N > 0
}

// List is the value of a list: its elements, oldest first. Absence is empty. An
// element holds no comma and is not empty.
type List []string

// With is the list with one more element.
func (l List) With(element string) List { return append(slices.Clone(l), element) }

// Value writes the elements with commas between.
func (l List) Value() Value {
	return Value{Present: len(l) > 0, Data: strings.Join(l, ",")}
}

// ParseList reads what Value wrote.
func ParseList(v Value) (List, bool) {
	if !v.Present {
		return nil, true
	}
	l := List(strings.Split(v.Data, ","))
	return l, !slices.Contains(l, "")
}

// Lock is the value of a lock: the fencing token of its last holder, whether it
// is still held, and the holder's tag. Absence is token 0, free.
type Lock struct {
	Token uint64
	Held  bool
	Tag   string
}

// Taken is the lock once the attempt that tag names has it: every holder has a
// token of its own, greater than all before.
func (l Lock) Taken(tag string) Lock { return Lock{l.Token + 1, true, tag} }

// Released is the lock once its holder has let go.
func (l Lock) Released() Lock { return Lock{l.Token, false, l.Tag} }

// Value writes the lock as "TOKEN held TAG" or "TOKEN free TAG".
func (l Lock) Value() Value {
	state := "free"
	if l.Held {
		state = "held"
	}
	return Some(fmt.Sprintf("%d %s %s", l.Token, state, l.Tag))
}

// ParseLock reads what Value wrote, or absence.
func ParseLock(v Value) (Lock, bool) {
	if !v.Present {
		return Lock{}, true
	}
	parts := strings.Split(v.Data, " ")
	if len(parts) != 3 || (parts[1] != "held" && parts[1] != "free") {
		return Lock{}, false
	}
	token, err := strconv.ParseUint(parts[0], 10, 64)
	return Lock{token, parts[1] == "held", parts[2]}, err == nil && token > 0
}
