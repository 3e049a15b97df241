package rafttest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Keep is what is left of a seed's run when it is cut down. Faults and calls are
// numbered and roll dice of their own, so what one of them does hangs on the
// others only through what they do to the cluster. A run is as determined by its
// seed and its cut as the whole one is by its seed. A nil field keeps everything
// of its kind.
type Keep struct {
	Faults   []uint64 // numbers of the nemesis' steps
	Calls    []uint64 // numbers of the clients' operations while faults last
	Troubles []string // what is there all the time, by name: see Troubles
}

// FaultStep is a fault that the nemesis injected.
type FaultStep struct {
	Number uint64
	At     time.Duration
	What   string
}

// CallStep is an operation that a client began while faults lasted.
type CallStep struct {
	Number uint64 // the client's, times a million, plus how many it had begun
	At     time.Duration
	What   string
}

// trouble is there all through a run until it heals. The plan decides how much.
type trouble struct {
	name string
	end  func(p *plan)
}

var troubles = []trouble{
	{"loss", func(p *plan) { p.loss = 0 }},
	{"duplicates", func(p *plan) { p.dup = 0 }},
	{"stragglers", func(p *plan) { p.straggler = 0 }},
	{"client loss", func(p *plan) { p.clientLoss = 0 }},
	{"clock drift", func(p *plan) { p.drift = 0 }},
	{"failing installs", func(p *plan) { p.installFails = 0 }},
	{"sick nodes", func(p *plan) { p.healthy = true }},
}

// Troubles names what Keep.Troubles may hold. "sick nodes" are those that stay
// broken when the others heal.
func Troubles() (names []string) {
	for _, t := range troubles {
		names = append(names, t.name)
	}
	return names
}

// cutDown takes out of a plan the troubles that are not kept.
func (p *plan) cutDown(k Keep) {
	for _, t := range troubles {
		if k.Troubles != nil && !slices.Contains(k.Troubles, t.name) {
			t.end(p)
		}
	}
}

func keeps(numbers []uint64, number uint64) bool {
	return numbers == nil || slices.Contains(numbers, number)
}

// String is what ParseKeep reads: "faults=3,7 calls=1000002 troubles=loss", where
// a part that is missing keeps everything and an empty one nothing.
func (k Keep) String() string {
	var parts []string
	for _, p := range []struct {
		name    string
		numbers []uint64
	}{{"faults", k.Faults}, {"calls", k.Calls}} {
		if p.numbers != nil {
			parts = append(parts, p.name+"="+strings.ReplaceAll(strings.Trim(fmt.Sprint(p.numbers), "[]"), " ", ","))
		}
	}
	if k.Troubles != nil {
		parts = append(parts, "troubles="+strings.ReplaceAll(strings.Join(k.Troubles, ","), " ", "-"))
	}
	return strings.Join(parts, " ")
}

// ParseKeep reads what String gave.
func ParseKeep(text string) (k Keep, err error) {
	for _, part := range strings.Fields(text) {
		name, list, _ := strings.Cut(part, "=")
		items := strings.FieldsFunc(list, func(r rune) bool { return r == ',' })
		switch name {
		case "faults":
			k.Faults, err = parseNumbers(items)
		case "calls":
			k.Calls, err = parseNumbers(items)
		case "troubles":
			k.Troubles, err = parseTroubles(items)
		default:
			err = fmt.Errorf("neither faults, calls nor troubles")
		}
		if err != nil {
			return Keep{}, fmt.Errorf("rafttest: read the cut %q: %w", part, err)
		}
	}
	return k, nil
}

func parseNumbers(items []string) ([]uint64, error) {
	out := []uint64{}
	for _, item := range items {
		v, err := strconv.ParseUint(item, 10, 64)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func parseTroubles(items []string) ([]string, error) {
	out := []string{}
	for _, item := range items {
		name := strings.ReplaceAll(item, "-", " ")
		if !slices.Contains(Troubles(), name) {
			return nil, fmt.Errorf("no trouble is called %q, but %q", name, Troubles())
		}
		out = append(out, name)
	}
	return out, nil
}
