package run

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftkv/harness/recorder"
	"raftkv/history"
	"raftkv/history/check"
)

func TestTwoRunsOfOneSecondGetTwoFolders(t *testing.T) {
	root := filepath.Join(t.TempDir(), "deep", "runs")
	at := time.Date(2026, 8, 1, 12, 30, 5, 0, time.UTC)
	a, err := NewFolder(root, "leader-kill", 7, at)
	require.NoError(t, err)
	b, err := NewFolder(root, "leader-kill", 7, at)
	require.NoError(t, err)
	require.Equal(t, "20260801-123005-leader-kill-7", filepath.Base(a.Path))
	require.Equal(t, "20260801-123005-leader-kill-7.2", filepath.Base(b.Path))
}

// recorded is a folder with a short history: a write and a read of found.
func recorded(t *testing.T, found string) Folder {
	t.Helper()
	f := Folder{Path: t.TempDir()}
	rec, err := recorder.Create(f.File(HistoryFile), recorder.NewClock())
	require.NoError(t, err)
	c := rec.Client()
	for _, v := range []string{"1", "2"} {
		c.Invoke(history.Event{F: history.Put, Key: "a/b", Value: history.Value{Present: true, Data: v}})
		c.Ok(history.Value{}, false)
	}
	c.Invoke(history.Event{F: history.Get, Key: "a/b"})
	c.Ok(history.Value{Present: true, Data: found}, false)
	require.NoError(t, rec.Close())
	return f
}

func TestAJudgedFolderHoldsVerdictAndReport(t *testing.T) {
	f := recorded(t, "2")
	ops, err := f.Operations()
	require.NoError(t, err)
	c := Case{Run: history.Run{Scenario: "leader-kill", Seed: 7, Driver: "process", Duration: time.Second}}
	v, err := f.Judge(c, ops)
	require.NoError(t, err)
	require.Equal(t, check.Pass, v.Result, v.Summary)

	var kept check.Verdict
	require.NoError(t, f.ReadJSON(VerdictFile, &kept))
	require.Equal(t, v.Result, kept.Result)
	junit, err := os.ReadFile(f.File(JUnitFile))
	require.NoError(t, err)
	require.Contains(t, string(junit), "process/leader-kill/seed-7")
	drawings, err := filepath.Glob(f.File("linearizability-*"))
	require.NoError(t, err)
	require.Empty(t, drawings)
	require.NoError(t, os.Remove(f.File(ReportFile)))
	require.NoError(t, f.Render())
	require.FileExists(t, f.File(ReportFile))
}

func TestAFailedKeyIsDrawn(t *testing.T) {
	f := recorded(t, "1")
	ops, err := f.Operations()
	require.NoError(t, err)
	v, err := f.Judge(Case{}, ops)
	require.NoError(t, err)
	require.Equal(t, check.Violated, v.Result)
	require.FileExists(t, f.File("linearizability-a%2Fb.html"))
}

func TestAFolderWithoutAReadableHistoryIsAHarnessError(t *testing.T) {
	f := Folder{Path: t.TempDir()}
	_, err := f.Operations()
	require.ErrorIs(t, err, os.ErrNotExist)
	v, err := f.Fail(Case{}, err)
	require.NoError(t, err)
	require.Equal(t, check.HarnessError, v.Result)
	require.FileExists(t, f.File(ReportFile))
	require.ErrorIs(t, f.Render(), os.ErrNotExist)

	require.NoError(t, os.WriteFile(f.File(HistoryFile), []byte("{\"p\":1,\"k\":\"ok\",\"f\":\"get\",\"key\":\"k\"}\n"), 0o644))
	_, err = f.Operations()
	require.ErrorIs(t, err, history.ErrMalformed)
}

func TestWhatTheJudgeWasToldIsKept(t *testing.T) {
	f := recorded(t, "2")
	told, err := f.Told()
	require.NoError(t, err)
	require.Equal(t, check.Options{}, told, "of a folder that was not judged")
	ops, err := f.Operations()
	require.NoError(t, err)
	c := Case{
		Options: check.Options{
			Notes: []string{"it did not bite"}, Floors: []check.Floor{{Phase: "after", Function: history.Put, Min: 1}},
			Phases:     []history.Span{{Name: "after", From: 1, To: 2}},
			Violations: []check.Violation{{Kind: "no progress", Words: "Nobody served."}},
		},
		Nodes: Nodes{Violations: []check.Violation{{Kind: "two leaders", Words: "Two led."}}},
	}
	v, err := f.Judge(c, ops)
	require.NoError(t, err)
	require.Equal(t, check.Violated, v.Result)
	require.Len(t, v.Violations, 2)
	told, err = f.Told()
	require.NoError(t, err)
	require.Equal(t, c.Options, told, "without what the nodes wrote, which is judged again")
	require.Equal(t, v.Reasons, check.Judge(ops, told).Reasons)
}

func TestAViolationThatWasSeenOutranksAHistoryThatCannotBeRead(t *testing.T) {
	f := Folder{Path: t.TempDir()}
	v, err := f.Fail(Case{Options: check.Options{Violations: []check.Violation{{Kind: "no progress", Words: "Nobody served."}}}}, errors.New("no history"))
	require.NoError(t, err)
	require.Equal(t, check.Violated, v.Result)
	require.Contains(t, v.Reasons, "no history")
}

func TestOnlyARunThatDidNotPassIsToBeMadeSmaller(t *testing.T) {
	for found, want := range map[string]bool{"2": false, "1": true} {
		f := recorded(t, found)
		ops, err := f.Operations()
		require.NoError(t, err)
		_, err = f.Judge(Case{Run: history.Run{Commands: []string{"replay"}}, Smaller: "shrink"}, ops)
		require.NoError(t, err)
		page, err := os.ReadFile(f.File(ReportFile))
		require.NoError(t, err)
		require.Equal(t, want, strings.Contains(string(page), "shrink"))
	}
}

func TestFilesThatCannotBeWrittenAreErrors(t *testing.T) {
	f := Folder{Path: filepath.Join(t.TempDir(), "gone")}
	require.ErrorIs(t, f.WriteJSON(RunFile, 1), os.ErrNotExist)
	_, err := f.NewLog(recorder.NewClock())
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = f.Judge(Case{}, nil)
	require.ErrorIs(t, err, os.ErrNotExist)

	dir := Folder{Path: t.TempDir()}
	require.NoError(t, os.WriteFile(dir.File(RunFile), []byte("{"), 0o644))
	var syntax *json.SyntaxError
	require.True(t, errors.As(dir.ReadJSON(RunFile, &struct{}{}), &syntax))
}
