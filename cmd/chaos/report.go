package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"raftkv/harness/run"
)

type reportCmd struct {
	Dirs []string `arg:"" name:"dir" type:"path" help:"A run's folder, or several, or folders that hold runs."`
	Out  string   `help:"The folder that gets the page over many runs; without it, the first of them, or what the first run is in." type:"path"`
}

// Run renders the report of one run again, or else one page over many, and says
// where it is.
func (c *reportCmd) Run(t *terminal) error {
	dirs, err := folders(c.Dirs)
	if err != nil {
		return err
	}
	one := run.Folder{Path: dirs[0]}
	if len(dirs) == 1 && c.Out == "" && one.IsRun() {
		return c.render(t, one)
	}
	runs, err := run.Find(dirs...)
	if err != nil {
		return err
	}
	out := c.Out
	if out == "" {
		out = dirs[0]
		if one.IsRun() { // which has a junit.xml of its own
			out = filepath.Dir(one.Path)
		}
	}
	page, err := run.WriteIndex(out, runs)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(t.out, "%s: %d runs\n", page, len(runs))
	return err
}

// folders leaves out the files among paths, as runs/* has some.
func folders(paths []string) (dirs []string, err error) {
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		if info.IsDir() {
			dirs = append(dirs, path)
		}
	}
	if len(dirs) == 0 {
		return nil, fmt.Errorf("%s: %w", strings.Join(paths, ", "), run.ErrNotARun)
	}
	return dirs, nil
}

func (c *reportCmd) render(t *terminal, f run.Folder) error {
	if err := f.Render(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(t.out, f.File(run.ReportFile))
	return err
}
