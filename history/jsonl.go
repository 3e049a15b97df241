package history

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
)

// Writer appends events to a file as they happen, one JSON object a line. Any
// number of goroutines may use it.
type Writer struct {
	mu  sync.Mutex
	w   io.Writer
	err error
}

// NewWriter writes to w with one Write call an event, so that a crash of the
// recorder tears the last line at most. Give it the file itself, not a buffer.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Append writes one event. After the first error every call returns that
// error: a history with a hole in it must not be judged.
func (w *Writer) Append(e Event) error {
	b, err := json.Marshal(e)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return w.err
	}
	if err == nil {
		_, err = w.w.Write(append(b, '\n'))
	}
	if err != nil {
		w.err = fmt.Errorf("append to history: %w", err)
	}
	return w.err
}

// ReadJSONL reads what a Writer wrote. A last line without its newline that
// does not parse is what a killed recorder leaves, and is dropped: if it was
// the end of an operation, that operation is unknown. Any other line that does
// not parse is ErrMalformed with its number.
func ReadJSONL(r io.Reader) ([]Event, error) {
	var events []Event
	err := eachLine(r, func(e Event) error {
		events = append(events, e)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return events, nil
}

// eachLine visits the events as ReadJSONL reads them, until one is refused.
func eachLine(r io.Reader, visit func(Event) error) error {
	in, names := bufio.NewReader(r), make(intern)
	for number := 1; ; number++ {
		b, err := in.ReadBytes('\n')
		last := errors.Is(err, io.EOF)
		if err != nil && !last {
			return fmt.Errorf("read history: %w", err)
		}
		if len(bytes.TrimSpace(b)) > 0 {
			e, bad := decodeLine(b)
			switch {
			case bad != nil && !last:
				return fmt.Errorf("%w: line %d: %w", ErrMalformed, number, bad)
			case bad == nil:
				if err := visit(names.event(e)); err != nil {
					return err
				}
			}
		}
		if last {
			return nil
		}
	}
}

// intern keeps one copy of the words that nearly every line repeats.
type intern map[string]string

func (n intern) event(e Event) Event {
	e.Kind, e.F = Kind(n.of(string(e.Kind))), Function(n.of(string(e.F)))
	e.Key, e.Node = n.of(e.Key), n.of(e.Node)
	return e
}

func (n intern) of(s string) string {
	if one, ok := n[s]; ok {
		return one
	}
	n[s] = s
	return s
}
