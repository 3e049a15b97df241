package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"raftkv/harness/run"
	"raftkv/history"
	"raftkv/history/check"
)

type checkCmd struct {
	File   string        `arg:"" help:"The history, a run's folder, or - for standard input."`
	Format string        `help:"auto, jsonl, edn or jepsen.log." enum:"auto,jsonl,edn,jepsen.log" default:"auto"`
	Budget time.Duration `help:"Time to search for an explanation of all keys together." default:"30s"`
	JSON   bool          `name:"json" help:"Print the verdict as JSON."`
}

// Run judges the file. One that cannot be read is a harness error: nothing was
// judged.
func (c *checkCmd) Run(t *terminal) error {
	v := c.judge()
	t.result = v.Result
	if c.JSON {
		return v.WriteJSON(t.out)
	}
	return v.WriteText(t.out)
}

func (c *checkCmd) judge() check.Verdict {
	ops, err := c.read()
	if err != nil {
		return check.HarnessFailure(fmt.Errorf("read %s: %w", c.File, err))
	}
	nodes, err := c.nodes(ops)
	if err != nil {
		return check.HarnessFailure(err)
	}
	return check.Judge(ops, check.Options{Budget: c.Budget, Violations: nodes.Violations, Notes: nodes.Notes})
}

// nodes judges what the nodes of a run's folder wrote of themselves.
func (c *checkCmd) nodes(ops []history.Operation) (run.Nodes, error) {
	if info, err := os.Stat(c.File); err != nil || !info.IsDir() {
		return run.Nodes{}, nil
	}
	return run.Folder{Path: c.File}.JudgeNodes(ops)
}

func (c *checkCmd) read() ([]history.Operation, error) {
	if c.File == "-" {
		return c.parse(os.Stdin)
	}
	path := c.File
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, run.HistoryFile)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return c.parse(f)
}

func (c *checkCmd) parse(r io.Reader) ([]history.Operation, error) {
	if c.Format == "auto" {
		return history.ReadOperations(r, "")
	}
	return history.ReadOperations(r, history.Format(c.Format))
}
