package run

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"raftkv/history"
	"raftkv/history/check"
	"raftkv/history/nodelog"
)

// eventsSuffix ends the names of the files in LogsDir that hold a node's events.
const eventsSuffix = ".events.jsonl"

// Nodes is the judgement of what the nodes wrote of themselves.
type Nodes struct {
	// Events counts what was read, of all nodes.
	Events int
	// Counted says that acknowledged writes were counted against those applied.
	Counted    bool
	Violations []check.Violation
	// Notes say what speaks against a pass: a node that told nothing.
	Notes []string
}

// String says how much was judged, and what was not.
func (n Nodes) String() string {
	if n.Events > 0 && !n.Counted {
		return fmt.Sprintf("%d; acknowledged writes were not counted against them: they do not go far enough", n.Events)
	}
	return fmt.Sprint(n.Events)
}

// With adds the judgement to what a judge is told.
func (n Nodes) With(o check.Options) check.Options {
	o.Notes = slices.Concat(o.Notes, n.Notes)
	o.Violations = slices.Concat(o.Violations, n.Violations)
	return o
}

// JudgeNodes reads the nodes' events, if they wrote any, and judges them; ops is
// what clients saw. It errs on a file that cannot be read.
func (f Folder) JudgeNodes(ops []history.Operation) (Nodes, error) {
	var n Nodes
	paths, err := filepath.Glob(filepath.Join(f.File(LogsDir), "*"+eventsSuffix))
	if err != nil || len(paths) == 0 {
		return n, err
	}
	streams := make(map[string][]nodelog.Event)
	for _, path := range paths {
		name := strings.TrimPrefix(strings.TrimSuffix(filepath.Base(path), eventsSuffix), "n")
		if streams[name], err = readEvents(path); err != nil {
			return n, err
		}
		n.Events += len(streams[name])
		if len(streams[name]) == 0 {
			n.Notes = append(n.Notes, fmt.Sprintf("node %s wrote no events, so what it did is not judged", name))
		}
	}
	acked, whole := nodelog.Acknowledged(streams, ops)
	n.Violations, n.Counted = append(nodelog.Judge(streams), acked...), whole
	return n, nil
}

func readEvents(path string) ([]nodelog.Event, error) {
	in, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read node events: %w", err)
	}
	defer in.Close()
	events, err := nodelog.Read(in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return events, nil
}
