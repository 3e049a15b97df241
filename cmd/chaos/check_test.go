package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"raftkv/harness/recorder"
	"raftkv/harness/run"
	"raftkv/history"
	"raftkv/history/check"
)

// A run's folder is judged again with all that its judge was told, not its history
// alone.
func TestCheckOfARunIsNotMilderThanTheRun(t *testing.T) {
	for want, told := range map[check.Result]check.Options{
		check.Pass:         {},
		check.Inconclusive: {Notes: []string{"the fault did not bite"}},
		check.HarnessError: {Errors: []string{"heal: no proxy"}},
		check.Violated:     {Violations: []check.Violation{{Kind: "no progress after healing", Words: "Nobody served."}}},
	} {
		f := run.Folder{Path: t.TempDir()}
		rec, err := recorder.Create(f.File(run.HistoryFile), recorder.NewClock())
		require.NoError(t, err)
		c := rec.Client()
		c.Invoke(history.Event{F: history.Put, Key: "k", Value: history.Some("1")})
		c.Ok(history.Value{}, false)
		require.NoError(t, rec.Close())
		ops, err := f.Operations()
		require.NoError(t, err)
		first, err := f.Judge(run.Case{Options: told}, ops)
		require.NoError(t, err)
		require.Equal(t, want, first.Result)

		var out bytes.Buffer
		term := &terminal{out: &out}
		require.NoError(t, (&checkCmd{File: f.Path, Format: "auto"}).Run(term))
		require.Equal(t, want, term.result, out.String())
	}
}
