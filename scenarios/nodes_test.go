package scenarios

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"raftkv/history/check"
	"raftkv/history/nodelog"
)

// What nodes wrote of themselves counts like what clients saw.
func TestWhatNodesWroteDecidesToo(t *testing.T) {
	for name, c := range map[string]struct {
		files  map[string]string
		result check.Result
		words  string
		events int
	}{
		"agreed":   {map[string]string{"n1.events.jsonl": `{"e":"role","t":1,"role":"leader"}`, "n2.events.jsonl": `{"e":"hard","t":1}`}, check.Pass, "", 2},
		"two lead": {map[string]string{"n1.events.jsonl": `{"e":"role","t":1,"role":"leader"}`, "n2.events.jsonl": `{"e":"role","t":1,"role":"leader"}`}, check.Violated, "both led term 1", 2},
		"silent":   {map[string]string{"n1.events.jsonl": `{"e":"hard","t":1}`, "n2.events.jsonl": ""}, check.Inconclusive, "node 2 wrote no events", 1},
		"broken":   {map[string]string{"n1.events.jsonl": "{\n{\n"}, check.HarnessError, "malformed", 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake()
				f.files = c.files
				r := play(t, row(t, "leader-kill"), f, Options{Seed: 7})
				require.Equal(t, c.result, r.Verdict.Result, text(r))
				require.Contains(t, text(r), c.words)
				require.Equal(t, c.events, r.Events)
				if c.result == check.Violated {
					require.Equal(t, map[check.Kind]int{nodelog.TwoLeaders: 1}, kinds(r))
				}
			})
		})
	}
}
