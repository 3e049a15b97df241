package main

import (
	"errors"
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
	told, err := c.told(ops)
	if err != nil {
		return check.HarnessFailure(err)
	}
	told.Budget = c.Budget
	return check.Judge(ops, told)
}

// told is what speaks for and against a run besides its history, if a run's folder
// is judged: what its runner saw, and what its nodes wrote of themselves.
func (c *checkCmd) told(ops []history.Operation) (check.Options, error) {
	if info, err := os.Stat(c.File); err != nil || !info.IsDir() {
		return check.Options{}, nil
	}
	f := run.Folder{Path: c.File}
	told, err := f.Told()
	if err != nil {
		return told, err
	}
	nodes, err := f.JudgeNodes(ops)
	return nodes.With(told), err
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
	if errors.Is(err, os.ErrNotExist) && path != c.File {
		return nil, run.ErrNotARun
	}
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
