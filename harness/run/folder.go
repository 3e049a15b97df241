package run

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// Names of the files in a run's folder.
const (
	ScheduleFile = "schedule.json"
	HistoryFile  = "history.jsonl"
	EventsFile   = "events.jsonl"
	LogsDir      = "logs"
	RunFile      = "run.json"
	TimelineFile = "timeline.json"
	ToldFile     = "told.json"
	VerdictFile  = "verdict.json"
	JUnitFile    = "junit.xml"
	ReportFile   = "report.html"
)

// Folder is a run's folder.
type Folder struct {
	Path string
}

// NewFolder makes root/<time>-<scenario>-<seed>. Two runs of one second get
// different folders.
func NewFolder(root, scenario string, seed int64, at time.Time) (Folder, error) {
	base := fmt.Sprintf("%s-%s-%d", at.Format("20060102-150405"), scenario, seed)
	if err := os.MkdirAll(root, 0o755); err != nil {
		return Folder{}, fmt.Errorf("make run folder: %w", err)
	}
	for i := 1; ; i++ {
		name := base
		if i > 1 {
			name = fmt.Sprintf("%s.%d", base, i)
		}
		path := filepath.Join(root, name)
		err := os.Mkdir(path, 0o755)
		if errors.Is(err, os.ErrExist) {
			continue
		}
		if err != nil {
			return Folder{}, fmt.Errorf("make run folder: %w", err)
		}
		return Folder{Path: path}, nil
	}
}

// File is the path of a file in the folder.
func (f Folder) File(name string) string { return filepath.Join(f.Path, name) }

// WriteJSON writes v, indented, replacing the file.
func (f Folder) WriteJSON(name string, v any) error {
	return f.write(name, func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(v)
	})
}

// ReadJSON reads what WriteJSON wrote.
func (f Folder) ReadJSON(name string, v any) error {
	data, err := os.ReadFile(f.File(name))
	if err != nil {
		return fmt.Errorf("read run folder: %w", err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("read %s: %w", f.File(name), err)
	}
	return nil
}

// write replaces a file with what render writes.
func (f Folder) write(name string, render func(io.Writer) error) error {
	out, err := os.Create(f.File(name))
	if err != nil {
		return fmt.Errorf("write run folder: %w", err)
	}
	if err := errors.Join(render(out), out.Close()); err != nil {
		return fmt.Errorf("write %s: %w", f.File(name), err)
	}
	return nil
}
