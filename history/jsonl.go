package history

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
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

// batch is how many lines are decoded at a time, on all processors.
const batch = 4096

// eachLine visits the events as ReadJSONL reads them, until one is refused.
func eachLine(r io.Reader, visit func(Event) error) error {
	in, names := bufio.NewReader(r), make(intern)
	for number := 1; ; {
		lines, last, err := readLines(in)
		if err != nil {
			return err
		}
		for i, d := range decodeAll(lines) {
			torn := last && i == len(lines)-1
			switch {
			case d.empty || d.err != nil && torn:
			case d.err != nil:
				return fmt.Errorf("%w: line %d: %w", ErrMalformed, number+i, d.err)
			default:
				if err := visit(names.event(d.event)); err != nil {
					return err
				}
			}
		}
		if number += len(lines); last {
			return nil
		}
	}
}

// readLines reads a batch; the last line of a file may lack its end.
func readLines(in *bufio.Reader) (lines [][]byte, last bool, err error) {
	for len(lines) < batch && !last {
		b, err := in.ReadBytes('\n')
		if last = errors.Is(err, io.EOF); err != nil && !last {
			return nil, false, fmt.Errorf("read history: %w", err)
		}
		lines = append(lines, b)
	}
	return lines, last, nil
}

// decoded is what a line holds.
type decoded struct {
	event Event
	err   error
	empty bool
}

// decodeAll decodes lines, each processor its share.
func decodeAll(lines [][]byte) []decoded {
	all := make([]decoded, len(lines))
	share := (len(lines) + runtime.GOMAXPROCS(0) - 1) / runtime.GOMAXPROCS(0)
	var wait sync.WaitGroup
	for from := 0; from < len(lines); from += share {
		wait.Go(func() {
			for i := from; i < min(from+share, len(lines)); i++ {
				if all[i].empty = len(bytes.TrimSpace(lines[i])) == 0; !all[i].empty {
					all[i].event, all[i].err = decodeLine(lines[i])
				}
			}
		})
	}
	wait.Wait()
	return all
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
