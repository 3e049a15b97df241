package run

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"raftkv/history"
	"raftkv/history/nodelog"
)

func TestWhatNodesWroteIsJudged(t *testing.T) {
	f := Folder{Path: t.TempDir()}
	n, err := f.JudgeNodes(nil)
	require.NoError(t, err)
	require.Equal(t, Nodes{}, n, "nodes that write nothing are not judged")

	require.NoError(t, os.Mkdir(f.File(LogsDir), 0o755))
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(f.File(LogsDir), name), []byte(text), 0o644))
	}
	write("n1.log", "started")
	write("n1.events.jsonl", `{"e":"role","t":3,"role":"leader"}
{"e":"apply","i":1,"n":1}
`)
	write("n2.events.jsonl", `{"e":"role","t":3,"role":"leader"}
`)
	write("n3.events.jsonl", "")
	write("n4.events.jsonl", `{"e":"apply","i":1,"n":1}`)
	write("n5.events.jsonl", `{"e":"apply","i":1,"n":1}`)
	put := history.Operation{F: history.Put, Outcome: history.OutcomeOk}
	n, err = f.JudgeNodes([]history.Operation{put, put})
	require.NoError(t, err)
	require.Equal(t, 5, n.Events)
	require.Len(t, n.Violations, 2)
	require.Equal(t, nodelog.TwoLeaders, n.Violations[0].Kind)
	require.Equal(t, nodelog.AckedNotCommitted, n.Violations[1].Kind)
	require.Equal(t, []string{"node 3 wrote no events, so what it did is not judged"}, n.Notes)

	write("n2.events.jsonl", "{\n{\n")
	_, err = f.JudgeNodes(nil)
	require.ErrorIs(t, err, nodelog.ErrMalformed)
	require.ErrorContains(t, err, "n2.events.jsonl")
}
