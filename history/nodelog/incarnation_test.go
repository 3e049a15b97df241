package nodelog

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"raftkv/history"
	"raftkv/history/check"
)

// Members' ids: a node in the low 16 bits, its folder above them. Node 2 has two
// folders.
const (
	m1, m2, m3 = 5<<16 | 1, 6<<16 | 2, 7<<16 | 3
	again2     = 9<<16 | 2
)

// lines writes events; %d stand for ids.
func lines(text string, ids ...any) string { return fmt.Sprintf(strings.TrimSpace(text)+"\n", ids...) }

// wiped is what three nodes wrote: 1 leads term 2 with 2's vote and writes with it; 2
// and 1 are killed, 2's folder is emptied and 2 is started again.
func wiped() map[string]string {
	return map[string]string{
		"1": lines(`
{"e":"start","node":%d}
{"e":"conf","voters":[%d,%d,%d]}
{"e":"vote","t":2,"vote":%[1]d}
{"e":"hard","t":2,"vote":%[1]d}
{"e":"role","t":2,"role":"leader"}
{"e":"append","i":1,"es":[{"t":2,"h":"a"}]}
{"e":"durable","i":1,"t":2}
{"e":"commit","i":1,"es":[{"t":2,"h":"a"}]}
{"e":"apply","i":1,"t":2,"d":"01","n":1}`, m1, m1, m2, m3),
		"2": lines(`
{"e":"start","node":%d}
{"e":"conf","voters":[%d,%d,%d]}
{"e":"hard","t":2,"vote":%d}
{"e":"vote","t":2,"vote":%[5]d}
{"e":"append","i":1,"es":[{"t":2,"h":"a"}]}
{"e":"durable","i":1,"t":2}
{"e":"commit","i":1,"es":[{"t":2,"h":"a"}]}
{"e":"apply","i":1,"t":2,"d":"01","n":1}
{"e":"start","node":%d}`, m2, m1, m2, m3, m1, again2),
		"3": lines(`
{"e":"start","node":%d}
{"e":"conf","voters":[%d,%d,%d]}`, m3, m1, m2, m3),
	}
}

// lost: 3 is elected with the vote of 2's second folder, and has another first entry.
func lost(vote string) map[string]string {
	files := wiped()
	files["2"] += lines(vote, m3)
	files["3"] += lines(`
{"e":"vote","t":3,"vote":%d}
{"e":"hard","t":3,"vote":%[1]d}
{"e":"role","t":3,"role":"leader"}`, m3)
	files["1"] += lines(`
{"e":"start","node":%d,"t":2,"vote":%[1]d,"i":1}
{"e":"hard","t":3}
{"e":"commit","i":2,"es":[{"t":3,"h":"b"}]}`, m1)
	return files
}

func kinds(found []check.Violation) (all []check.Kind) {
	for _, v := range found {
		all = append(all, v.Kind)
	}
	return all
}

func TestANewFolderBeginsWithNothing(t *testing.T) {
	require.Empty(t, Judge(streams(t, wiped())), "no log, no term, no vote: none was promised by this folder")
	same := wiped()
	same["2"] = strings.ReplaceAll(same["2"], fmt.Sprint(again2), fmt.Sprint(m2))
	require.ElementsMatch(t, []check.Kind{TermForgotten, LogForgotten}, kinds(Judge(streams(t, same))), "the same folder has to remember")
}

func TestAFolderHasOneVoteATermAndTheNextOneItsOwn(t *testing.T) {
	files := wiped()
	files["2"] += lines(`{"e":"vote","t":2,"vote":%d}`, m3)
	require.Empty(t, Judge(streams(t, files)), "another member votes")
	files["2"] += lines(`{"e":"hard","t":2,"vote":%d}`, m1)
	found := Judge(streams(t, files))
	require.Len(t, found, 1)
	require.Equal(t, VotedTwice, found[0].Kind)
	require.Equal(t, "Node 2 (second folder) voted for node 3 and for node 1 in term 2.", found[0].Words)
}

// The worst of an emptied folder: its vote elects who lacks what its old one had.
func TestALeaderThatANewFolderElectedIsTold(t *testing.T) {
	found := Judge(streams(t, lost(`{"e":"vote","t":3,"vote":%d}`)))
	require.Len(t, found, 1)
	require.Equal(t, NotElected, found[0].Kind)
	require.Equal(t, "Node 3 led term 3, but of its 3 voters these did not vote for it: 1, 2.", found[0].Words)
}

func TestALeaderIsNotAccusedForWhatIsMissing(t *testing.T) {
	vote := `{"e":"vote","t":3,"vote":%d}`
	for name, change := range map[string]func(map[string]string){
		"a voter's file is not there":            func(f map[string]string) { delete(f, "1") },
		"it ends before the election":            func(f map[string]string) { f["1"] = wiped()["1"] },
		"it says nothing of that term's entries": func(f map[string]string) { f["1"] = cutBefore(f["1"], `{"e":"commit","i":2`) },
		"it jumps over the term": func(f map[string]string) {
			f["1"] = strings.ReplaceAll(f["1"], `"t":2,"vote":327681,"i":1`, `"t":4,"i":1`)
		},
		"it started again with that vote on disk": func(f map[string]string) {
			f["1"] = strings.ReplaceAll(f["1"], `"t":2,"vote":327681,"i":1`, fmt.Sprintf(`"t":3,"vote":%d,"i":1`, m3))
		},
		"the leader does not tell who votes": func(f map[string]string) { f["3"] = strings.ReplaceAll(f["3"], `"e":"conf"`, `"e":"other"`) },
		"it was the only voter just then":    func(f map[string]string) { f["3"] += lines(`{"e":"conf","voters":[%d]}`, m3) },
		"the first folder had voted": func(f map[string]string) {
			f["2"] = strings.Replace(f["2"], lines(`{"e":"start","node":%d}`, again2), lines(vote, m3), 1)
		},
		"files name nobody": func(f map[string]string) {
			f["3"] = strings.ReplaceAll(f["3"], `"e":"start","node"`, `"e":"start","other"`)
		},
	} {
		files := lost(vote)
		before := fmt.Sprint(files)
		change(files)
		require.NotEqual(t, before, fmt.Sprint(files), name)
		require.Empty(t, Judge(streams(t, files)), name)
	}
}

func cutBefore(file, line string) string {
	before, _, _ := strings.Cut(file, line)
	return before
}

// While voters are replaced, a leader needs a majority of the old ones and of the new.
func TestBothMajoritiesAreNeededWhileVotersChange(t *testing.T) {
	files := wiped()
	files["3"] += lines(`
{"e":"conf","voters":[%d,%d,%d],"outgoing":[%[1]d,%[4]d,%[3]d]}
{"e":"hard","t":3,"vote":%[3]d}
{"e":"role","t":3,"role":"leader"}`, m1, again2, m3, m2)
	files["2"] += lines(`{"e":"hard","t":3,"vote":%d}`, m3)
	files["1"] += lines(`{"e":"hard","t":3}
{"e":"commit","i":2,"es":[{"t":3,"h":"b"}]}`)
	found := Judge(streams(t, files))
	require.Equal(t, []check.Kind{NotElected}, kinds(found), "2 of 3 that come, 1 of 3 that go")
	files["1"] = strings.Replace(files["1"], `{"e":"hard","t":3}`, lines(`{"e":"hard","t":3,"vote":%d}`, m3), 1)
	require.Empty(t, Judge(streams(t, files)))
}

func TestTwoFoldersOfANodeAreTwoLeaders(t *testing.T) {
	files := wiped()
	files["2"] += lines(`{"e":"role","t":2,"role":"leader"}`)
	found := Judge(streams(t, files))
	require.Len(t, found, 1)
	require.Equal(t, "Nodes 1 and 2 (second folder) both led term 2.", found[0].Words)
}

func TestAFolderThatWasEmptiedHasAppliedNothing(t *testing.T) {
	put := history.Operation{F: history.Put, Outcome: history.OutcomeOk}
	found, whole := Acknowledged(streams(t, wiped()), []history.Operation{put})
	require.False(t, whole, "1 of 3 files goes as far as it can")
	require.Empty(t, found)
}
