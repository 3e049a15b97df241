package main

import (
	"fmt"

	"raftkv/harness/run"
)

type reportCmd struct {
	Dirs []string `arg:"" name:"dir" type:"existingdir" help:"A run's folder, or several, or folders that hold runs."`
	Out  string   `help:"The folder that gets the page over many runs; the first of them, if none is named." type:"path"`
}

// Run renders the report of one run again, or else one page over many, and says
// where it is.
func (c *reportCmd) Run(t *terminal) error {
	one := run.Folder{Path: c.Dirs[0]}
	if len(c.Dirs) == 1 && c.Out == "" && one.IsRun() {
		return c.render(t, one)
	}
	runs, err := run.Find(c.Dirs...)
	if err != nil {
		return err
	}
	out := c.Out
	if out == "" {
		out = c.Dirs[0]
	}
	page, err := run.WriteIndex(out, runs)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(t.out, "%s: %d runs\n", page, len(runs))
	return err
}

func (c *reportCmd) render(t *terminal, f run.Folder) error {
	if err := f.Render(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(t.out, f.File(run.ReportFile))
	return err
}
