package events

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// Stream appends events to a file. Its methods may be called from any
// goroutine, and on nil.
type Stream struct {
	mu     sync.Mutex
	out    io.WriteCloser
	failed error
	// warn is told once of the first write that failed.
	warn func(error)
	now  func() time.Time
}

// Open appends to the file at path, which may hold earlier runs' events, the
// last of them torn. An empty path gives a nil Stream. warn is told if a write
// fails; after that the file stays as it is.
func Open(path string, warn func(error)) (*Stream, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open the file for --events: %w", err)
	}
	s := &Stream{out: f, warn: warn, now: time.Now}
	if info, err := f.Stat(); err == nil && info.Size() > 0 {
		s.line([]byte{'\n'}) // ends a line that a kill has torn
	}
	return s, nil
}

// Close closes the file.
func (s *Stream) Close() error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed == nil {
		s.failed = os.ErrClosed
	}
	if err := s.out.Close(); err != nil {
		return fmt.Errorf("close the file for --events: %w", err)
	}
	return nil
}

// line is what every event has in common with the judge's reader.
type line struct {
	Kind       string   `json:"e"`
	At         int64    `json:"at"`
	Node       uint64   `json:"node,omitempty"`
	Index      uint64   `json:"i,omitempty"`
	Term       uint64   `json:"t,omitempty"`
	Vote       uint64   `json:"vote,omitempty"`
	Role       string   `json:"role,omitempty"`
	Entries    []entry  `json:"es,omitempty"`
	Applied    uint64   `json:"applied,omitempty"`
	Digest     string   `json:"d,omitempty"`
	Commands   int      `json:"n,omitempty"`
	Voters     []uint64 `json:"voters,omitempty"`
	Outgoing   []uint64 `json:"outgoing,omitempty"`
	Learners   []uint64 `json:"learners,omitempty"`
	Recovering bool     `json:"recovering,omitempty"`
}

type entry struct {
	Term uint64 `json:"t"`
	Hash string `json:"h"`
}

func (s *Stream) write(l line) {
	l.At = s.now().UnixNano()
	b, err := json.Marshal(l)
	if err != nil {
		panic(err) // a line of numbers and words always marshals
	}
	s.line(append(b, '\n'))
}

func (s *Stream) line(b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed != nil {
		return // a hole would be taken for something that the node did
	}
	if _, err := s.out.Write(b); err != nil {
		s.failed = err
		s.warn(err)
	}
}
