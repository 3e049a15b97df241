package main

import (
	"fmt"

	"raftkv/harness/run"
)

type reportCmd struct {
	Dir string `arg:"" type:"existingdir" help:"A run's folder."`
}

// Run renders the report again and says where it is.
func (c *reportCmd) Run(t *terminal) error {
	f := run.Folder{Path: c.Dir}
	if err := f.Render(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(t.out, f.File(run.ReportFile))
	return err
}
