package fault

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"raftkv/harness/link"
)

// Parameter is one of a kind's, as text in a Spec. It is one of Choices if there
// are any; else a duration from Least to Most, if those are durations; else a
// number between them.
type Parameter struct {
	Name, Words, Default string
	Choices              []string
	// Least and Most bound it, both included: "20ms" and "2s", or "1" and "64".
	Least, Most string
}

// Value gives the value that lies at a fraction (0 up to, not including, 1) of
// what is allowed. So a caller draws one number from its seed for whatever
// parameter it is.
func (p Parameter) Value(fraction float64) string {
	if len(p.Choices) > 0 {
		return p.Choices[int(fraction*float64(len(p.Choices)))]
	}
	if least, most, ok := p.durations(); ok {
		steps := int64((most-least)/time.Millisecond) + 1
		return (least + time.Duration(fraction*float64(steps))*time.Millisecond).String()
	}
	least, most := number(p.Least), number(p.Most)
	return strconv.FormatInt(least+int64(fraction*float64(most-least+1)), 10)
}

// durations gives the bounds if they are durations.
func (p Parameter) durations() (least, most time.Duration, ok bool) {
	least, err := time.ParseDuration(p.Least)
	if err != nil {
		return 0, 0, false
	}
	most, err = time.ParseDuration(p.Most)
	return least, most, err == nil
}

// check says what is wrong with a value.
func (p Parameter) check(v string) error {
	if len(p.Choices) > 0 {
		if !slices.Contains(p.Choices, v) {
			return fmt.Errorf("%s is one of %s, not %q", p.Name, strings.Join(p.Choices, ", "), v)
		}
		return nil
	}
	if !p.within(v) {
		return fmt.Errorf("%s is from %s to %s, not %q", p.Name, p.Least, p.Most, v)
	}
	return nil
}

func (p Parameter) within(v string) bool {
	if least, most, ok := p.durations(); ok {
		d, err := time.ParseDuration(v)
		return err == nil && least <= d && d <= most
	}
	n, err := strconv.ParseInt(v, 10, 64)
	return err == nil && number(p.Least) <= n && n <= number(p.Most)
}

// number reads a checked number.
func number(s string) int64 {
	n, _ := strconv.ParseInt(s, 10, 64)
	return n
}

// duration reads a checked duration.
func duration(s string) time.Duration {
	d, _ := time.ParseDuration(s)
	return d
}

// modeParameter is how links are cut.
func modeParameter() Parameter {
	p := Parameter{Name: "mode", Words: "what a cut link does with bytes", Default: string(link.ModeDrop)}
	for _, m := range link.Modes() {
		p.Choices = append(p.Choices, string(m))
	}
	return p
}

// mode reads modeParameter.
func (s Spec) mode() link.Mode { return link.Mode(s.Parameters["mode"]) }
