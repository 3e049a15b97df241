package run

import (
	"encoding/json"
	"fmt"
	"os"
	"sync"

	"raftkv/harness/proof"
	"raftkv/harness/recorder"
)

// Kinds of events.
const (
	// KindPhase begins a phase of the schedule.
	KindPhase = "phase"
	// KindInject and KindHeal are nemesis steps, with evidence.
	KindInject = "inject"
	KindHeal   = "heal"
	// KindStatus is a change in what a node says of itself.
	KindStatus = "status"
	// KindNote is the harness speaking.
	KindNote = "note"
)

// Event is one line of events.jsonl.
type Event struct {
	// Time is nanoseconds on the recorder's clock.
	Time int64  `json:"t"`
	Kind string `json:"kind"`
	// Name of the phase or step.
	Name     string          `json:"name,omitempty"`
	Targets  []int           `json:"targets,omitempty"`
	Evidence *proof.Evidence `json:"evidence,omitempty"`
	// Status fields.
	Node     int    `json:"node,omitempty"`
	Role     string `json:"role,omitempty"`
	Term     uint64 `json:"term,omitempty"`
	Leader   int    `json:"leader,omitempty"`
	Snapshot uint64 `json:"snapshot,omitempty"`
	Text     string `json:"text,omitempty"`
}

// Log appends events to events.jsonl, each at once, so that a crash of the
// harness leaves what happened. Safe for concurrent use.
type Log struct {
	clock recorder.Clock

	mu   sync.Mutex
	file *os.File
	err  error
}

// NewLog makes the folder's event log.
func (f Folder) NewLog(clock recorder.Clock) (*Log, error) {
	file, err := os.Create(f.File(EventsFile))
	if err != nil {
		return nil, fmt.Errorf("make event log: %w", err)
	}
	return &Log{clock: clock, file: file}, nil
}

// Append stamps e and writes it, and returns the stamp.
func (l *Log) Append(e Event) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.Time = l.clock.Now()
	line, err := json.Marshal(e)
	if err == nil {
		_, err = l.file.Write(append(line, '\n'))
	}
	l.keep(err)
	return e.Time
}

// Note writes what the harness has to say.
func (l *Log) Note(format string, args ...any) {
	l.Append(Event{Kind: KindNote, Text: fmt.Sprintf(format, args...)})
}

// Close closes the file and returns the first error of all.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.keep(l.file.Close())
	return l.err
}

func (l *Log) keep(err error) {
	if l.err == nil && err != nil {
		l.err = fmt.Errorf("write event log: %w", err)
	}
}
