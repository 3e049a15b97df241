package nodelog

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"raftkv/history"
	"raftkv/history/check"
)

// good is what two nodes wrote: 1 led term 2, node 2 followed, was killed within
// a line, started again, and led term 3.
var good = map[string]string{
	"1": `
{"e":"start","node":1,"d":"00"}
{"e":"conf","voters":[1,2,3]}
{"e":"vote","t":2,"vote":1}
{"e":"hard","t":2,"vote":1}
{"e":"role","t":2,"role":"leader"}
{"e":"append","i":1,"es":[{"t":2,"h":"a"},{"t":2,"h":"b"}]}
{"e":"durable","i":2,"t":2}
{"e":"commit","i":1,"es":[{"t":2,"h":"a"}]}
{"e":"apply","i":1,"t":2,"d":"01","n":0}
{"e":"hard","t":3}
{"e":"role","t":3,"role":"follower"}
{"e":"truncate","i":2}
{"e":"append","i":2,"es":[{"t":3,"h":"c"}]}
{"e":"durable","i":2,"t":3}
{"e":"commit","i":2,"es":[{"t":3,"h":"c"}]}
{"e":"apply","i":2,"t":3,"d":"02","n":2}
{"e":"snapshot","i":2,"t":3}
`,
	"2": `
{"e":"start","node":2,"d":"00"}
{"e":"hard","t":2,"vote":1}
{"e":"vote","t":2,"vote":1}
{"e":"append","i":1,"es":[{"t":2,"h":"a"}]}
{"e":"durable","i":1,"t":2}
{"e":"comm
{"e":"start","node":2,"t":2,"vote":1,"i":1,"d":"00"}
{"e":"vote","t":3,"vote":2}
{"e":"hard","t":3,"vote":2}
{"e":"role","t":3,"role":"leader"}
{"e":"append","i":2,"es":[{"t":3,"h":"c"}]}
{"e":"commit","i":1,"es":[{"t":2,"h":"a"},{"t":3,"h":"c"}]}
{"e":"apply","i":1,"t":2,"d":"01","n":0}
{"e":"apply","i":2,"t":3,"d":"02","n":2}
{"e":"install","i":9,"t":3}
{"e":"restored","i":9,"t":3,"d":"09"}
{"e":"apply","i":10,"t":3,"d":"0a","n":1}
{"e":"app`,
}

func streams(t *testing.T, files map[string]string) map[string][]Event {
	t.Helper()
	all := make(map[string][]Event)
	for name, file := range files {
		events, err := Read(strings.NewReader(file))
		require.NoError(t, err)
		all[name] = events
	}
	return all
}

// with is the good files and more at the end of one.
func with(name, more string) map[string]string {
	files := map[string]string{}
	for n, f := range good {
		files[n] = strings.TrimSuffix(f, `{"e":"app`)
	}
	files[name] += more
	return files
}

func TestGoodEventsPass(t *testing.T) {
	require.Empty(t, Judge(streams(t, good)))
	require.Empty(t, Judge(streams(t, with("2", `{"e":"start","node":2,"t":3,"vote":2,"i":1,"recovering":true}`))), "who repairs itself may lack entries")
	require.Empty(t, Judge(streams(t, with("1", `{"e":"truncate","i":3}`))))
}

func TestEachRuleCatchesItsKind(t *testing.T) {
	for want, c := range map[check.Kind]struct{ node, more string }{
		TwoLeaders:      {"1", `{"e":"role","t":3,"role":"leader"}`},
		VotedTwice:      {"2", `{"e":"vote","t":3,"vote":1}`},
		CommitChanged:   {"1", `{"e":"commit","i":2,"es":[{"t":2,"h":"b"}]}`},
		CommitTruncated: {"1", `{"e":"truncate","i":2}`},
		StatesDiffer:    {"1", `{"e":"restored","i":9,"d":"ff"}`},
		OutOfOrder:      {"1", `{"e":"apply","i":4,"d":"04"}`},
		TermForgotten:   {"1", `{"e":"start","node":1,"t":2,"vote":1,"i":2,"applied":2}`},
		LogForgotten:    {"1", `{"e":"start","node":1,"t":3,"i":1}`},
	} {
		t.Run(string(want), func(t *testing.T) {
			found := Judge(streams(t, with(c.node, c.more)))
			if want == TwoLeaders { // the second of whom nobody can have elected
				require.Equal(t, NotElected, found[len(found)-1].Kind)
				found = found[:len(found)-1]
			}
			require.Len(t, found, 1, "%v", found)
			require.Equal(t, want, found[0].Kind)
			require.Contains(t, found[0].Words, "ode")
		})
	}
}

func TestAVoteOnDiskIsAVote(t *testing.T) {
	found := Judge(streams(t, with("1", `{"e":"hard","t":4,"vote":3}
{"e":"vote","t":4,"vote":2}`)))
	require.Len(t, found, 1)
	require.Equal(t, VotedTwice, found[0].Kind)
	found = Judge(streams(t, with("2", `{"e":"start","node":2,"t":3,"vote":1,"i":2}`)))
	require.Len(t, found, 2)
	require.Equal(t, TermForgotten, found[0].Kind)
}

// A truncation lowers what a restart must find again, before it is durable.
func TestWhatIsBeingDroppedNeedNotBeThereAgain(t *testing.T) {
	files := with("1", `{"e":"append","i":3,"es":[{"t":3,"h":"d"},{"t":3,"h":"e"}]}
{"e":"durable","i":4,"t":3}
{"e":"truncate","i":4}
{"e":"start","node":1,"t":3,"i":3,"applied":2,"d":"02"}`)
	require.Empty(t, Judge(streams(t, files)))
}

func TestAcknowledgedWritesAreCounted(t *testing.T) {
	put := history.Operation{F: history.Put, Outcome: history.OutcomeOk}
	get := history.Operation{F: history.Get, Outcome: history.OutcomeOk}
	one := streams(t, map[string]string{"1": good["1"]})
	found, whole := Acknowledged(one, []history.Operation{put, get, put, {F: history.Put, Outcome: history.OutcomeUnknown}})
	require.True(t, whole)
	require.Empty(t, found)
	found, whole = Acknowledged(one, []history.Operation{put, put, put})
	require.True(t, whole)
	require.Equal(t, AckedNotCommitted, found[0].Kind)
	_, whole = Acknowledged(streams(t, good), []history.Operation{put, put, put, put})
	require.False(t, whole, "nobody's file has entries 3 to 8")
	short := streams(t, map[string]string{"1": good["1"], "2": `{"e":"apply","i":1}`})
	found, whole = Acknowledged(short, []history.Operation{put, put, put})
	require.False(t, whole, "perhaps nobody could write any more")
	require.Empty(t, found)
	_, whole = Acknowledged(nil, nil)
	require.False(t, whole)
}

func TestABrokenFileIsNamed(t *testing.T) {
	for _, bad := range []string{"{\n{\"e\":\"role\"}\n", "{\n{\n", "\n{\n{\"e\":\"hard\"}"} {
		_, err := Read(strings.NewReader(bad))
		require.ErrorIs(t, err, ErrMalformed)
	}
	_, err := Read(strings.NewReader("{"))
	require.NoError(t, err)
}

// The example in the page on the format is what this package reads.
func TestTheExampleInThePagePasses(t *testing.T) {
	page, err := os.ReadFile("../../docs/HISTORY.md")
	require.NoError(t, err)
	_, example, ok := strings.Cut(string(page), "```\n{\"e\":\"start\"")
	require.True(t, ok)
	example, _, _ = strings.Cut(example, "```")
	all := streams(t, map[string]string{"1": "{\"e\":\"start\"" + example})
	require.Greater(t, len(all["1"]), 8)
	require.Empty(t, Judge(all))
	seen := map[Kind]bool{}
	for _, e := range all["1"] {
		seen[e.Kind] = true
	}
	for _, k := range []Kind{Start, Hard, Vote, Role, Append, Truncate, Durable, Commit, Apply, Saved, Install, Restored, Conf} {
		require.True(t, seen[k], "the page shows no %s", k)
	}
}
