package nodelog

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Kind says what a node did.
type Kind string

// The kinds of events.
const (
	// Start: the process has read its folder. Term, Vote, Index (the log's last),
	// Applied with Digest, Recovering.
	Start Kind = "start"
	// Hard: Term and Vote are durable.
	Hard Kind = "hard"
	// Vote: a vote for Vote in Term is being sent, or asked for oneself.
	Vote Kind = "vote"
	// Role: the node is Role in Term from now on.
	Role Kind = "role"
	// Append: Entries from Index on are about to go to the log.
	Append Kind = "append"
	// Truncate: the log's entries from Index on are about to be dropped.
	Truncate Kind = "truncate"
	// Durable: the log is on disk up to Index.
	Durable Kind = "durable"
	// Commit: Entries from Index on are committed, as this node knows.
	Commit Kind = "commit"
	// Apply: the entry at Index, with Commands in it, made the state Digest.
	Apply Kind = "apply"
	// Saved: a snapshot of the state at Index is durable.
	Saved Kind = "snapshot"
	// Install: the log is about to give way to a snapshot of Index and Term.
	Install Kind = "install"
	// Restored: the state is that of a snapshot at Index, with Digest.
	Restored Kind = "restored"
	// Conf: Voters, Outgoing and Learners are in force.
	Conf Kind = "conf"
)

// Entry is one slot of a log: its term, and a hash of what it says.
type Entry struct {
	Term uint64 `json:"t"`
	Hash string `json:"h"`
}

// Event is one line of a node's file. Which fields count depends on Kind.
type Event struct {
	Kind Kind `json:"e"`
	// At is the wall clock in nanoseconds, for a reader; nothing rests on it.
	At         int64    `json:"at,omitempty"`
	Node       uint64   `json:"node,omitempty"`
	Term       uint64   `json:"t,omitempty"`
	Vote       uint64   `json:"vote,omitempty"`
	Role       string   `json:"role,omitempty"`
	Index      uint64   `json:"i,omitempty"`
	Entries    []Entry  `json:"es,omitempty"`
	Applied    uint64   `json:"applied,omitempty"`
	Digest     string   `json:"d,omitempty"`
	Commands   int      `json:"n,omitempty"`
	Voters     []uint64 `json:"voters,omitempty"`
	Outgoing   []uint64 `json:"outgoing,omitempty"`
	Learners   []uint64 `json:"learners,omitempty"`
	Recovering bool     `json:"recovering,omitempty"`
}

// ErrMalformed marks a file that no node can have written.
var ErrMalformed = errors.New("malformed node events")

// Read reads a node's file. A line that does not parse is what a killed process
// leaves, and is dropped, if it is the last one or the node started anew after
// it; any other is ErrMalformed with its number.
func Read(r io.Reader) ([]Event, error) {
	var events []Event
	in := bufio.NewReader(r)
	torn := 0
	for number := 1; ; number++ {
		b, err := in.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("read node events: %w", err)
		}
		if len(bytes.TrimSpace(b)) > 0 {
			var e Event
			bad := json.Unmarshal(b, &e)
			switch {
			case torn > 0 && (bad != nil || e.Kind != Start):
				return nil, fmt.Errorf("%w: line %d", ErrMalformed, torn)
			case bad != nil:
				torn = number
			default:
				torn = 0
				events = append(events, e)
			}
		}
		if err != nil {
			return events, nil
		}
	}
}
