package history

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"time"

	"olympos.io/encoding/edn"
)

// jepsenLine finds an operation in a log line: whatever the logger put before
// it, then "jepsen.util", process, kind, function, and the rest, which starts
// with the value.
var jepsenLine = regexp.MustCompile(`jepsen\.util(?:\s+-|:)?\s+(\d+)\s+:(invoke|ok|fail|info)\s+:(\S+)\s*(.*)`)

// ReadJepsenLog reads the operations out of a jepsen.log, as in
//
//	INFO  jepsen.util - 3	:invoke	:write	4
//
// with any logger's prefix, for registers with read, write, cas and delete.
// Other lines, the nemesis's among them, are passed over. The log has no usable
// clock: line n happens n seconds after the start.
//
// A write or cas that failed with :timed-out counts as unknown: whoever timed
// out cannot know.
func ReadJepsenLog(r io.Reader) ([]Event, error) {
	j := newJepsenRegister()
	in := bufio.NewReader(r)
	for number := 1; ; number++ {
		b, err := in.ReadBytes('\n')
		last := errors.Is(err, io.EOF)
		if err != nil && !last {
			return nil, fmt.Errorf("read jepsen.log: %w", err)
		}
		if m := jepsenLine.FindSubmatch(b); m != nil {
			if err := j.addLine(int64(number), m); err != nil {
				return nil, fmt.Errorf("%w: line %d: %w", ErrMalformed, number, err)
			}
		}
		if last {
			return j.events, nil
		}
	}
}

func (j *jepsenRegister) addLine(number int64, m [][]byte) error {
	process, err := strconv.Atoi(string(m[1]))
	if err != nil {
		return fmt.Errorf("process: %w", err)
	}
	e := Event{Process: process, Time: number * int64(time.Second)}
	if err := e.name(edn.Keyword(m[2]), edn.Keyword(m[3])); err != nil {
		return err
	}
	value, err := firstForm(m[4])
	if err != nil {
		return fmt.Errorf("value %q: %w", m[4], err)
	}
	if e.Kind == Fail || e.Kind == Info {
		e.Error = string(m[4])
	}
	if e.Kind == Fail && e.F != Get && value == edn.Keyword("timed-out") {
		e.Kind = Info
	}
	return j.add(e, value)
}

// firstForm reads the first EDN form of b; nothing reads as nil.
func firstForm(b []byte) (any, error) {
	var v any
	err := edn.NewDecoder(bytes.NewReader(b)).Decode(&v)
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	return v, err
}
