package check

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftkv/history"
)

// judgeFile is what a program does that checks a file.
func judgeFile(path string, o Options) Verdict {
	events, _, err := history.ReadFile(path)
	if err != nil {
		return HarnessFailure(err)
	}
	ops, err := history.Pair(events)
	if err != nil {
		return HarnessFailure(err)
	}
	return Judge(ops, o)
}

// A file's name starts with the result that it must get and, for a violation,
// the kind that must be among those found: violation-stale_read-anything.jsonl.
func TestHistoriesWithKnownAnswers(t *testing.T) {
	files, err := filepath.Glob("../testdata/*.*")
	require.NoError(t, err)
	require.Greater(t, len(files), 20)
	codes := map[string]int{"pass": 0, "violation": 1, "inconclusive": 2, "harness_error": 3}
	seen := make(map[Kind]bool)
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
		t.Run(filepath.Base(file), func(t *testing.T) {
			v := judgeFile(file, Options{Memory: 8 << 20})
			result, rest, _ := strings.Cut(name, "-")
			require.Contains(t, codes, result)
			require.Equal(t, codes[result], v.ExitCode(), v.text())
			require.NotEmpty(t, v.Summary)
			if result != "violation" {
				return
			}
			found := false
			for _, x := range v.Violations {
				seen[x.Kind] = true
				found = found || strings.HasPrefix(rest, strings.ReplaceAll(string(x.Kind), " ", "_"))
				require.NotEmpty(t, x.Witness)
				require.NotEmpty(t, x.Words)
			}
			require.True(t, found, v.text())
		})
	}
	for _, kind := range slices.Concat(kinds, objectKinds) {
		require.True(t, seen[kind], "no file shows %s", kind)
	}
}

func TestUndecidedNamesTheKeyAndWhy(t *testing.T) {
	v := judgeFile("../testdata/inconclusive-undecidable.jsonl", Options{Memory: 4 << 20})
	require.Len(t, v.Undecided, 1)
	require.Equal(t, "k1", v.Undecided[0].Key)
	require.Contains(t, v.Summary, "memory")
	require.Contains(t, v.Summary, "up to 20 at once")

	v = judgeFile("../testdata/inconclusive-undecidable.jsonl", Options{Budget: time.Nanosecond})
	require.Equal(t, Inconclusive, v.Result)
	require.Contains(t, v.Summary, "time")
}

func TestTheBudgetIsOneForAllKeys(t *testing.T) {
	var ops []history.Operation
	for key := range 6 {
		events, _, err := history.ReadFile("../testdata/inconclusive-undecidable.jsonl")
		require.NoError(t, err)
		hard, err := history.Pair(events)
		require.NoError(t, err)
		for _, o := range hard {
			o.Key = fmt.Sprint(key)
			ops = append(ops, o)
		}
	}
	const budget = 2 * time.Second // each its own would make 6 times that
	v := Judge(ops, Options{Budget: budget})
	require.Len(t, v.Undecided, 6)
	require.Less(t, v.Elapsed, 6*budget)
}

func good() []history.Operation {
	b := &builder{}
	b.put("k", history.Some("a"))
	b.last().Node = "1"
	b.get("k", history.Some("a"))
	return b.ops
}

func bad() []history.Operation {
	b := &builder{ops: good(), now: 10}
	b.get("k", history.Value{})
	return b.ops
}

func TestAViolationOutranksTheRest(t *testing.T) {
	all := Options{Notes: []string{"fault did not bite"}, Errors: []string{"proxy gone"}}
	require.Equal(t, Violated, Judge(bad(), all).Result)
	require.Equal(t, HarnessError, Judge(good(), all).Result)
	require.Equal(t, Inconclusive, Judge(good(), Options{Notes: all.Notes}).Result)
	require.Equal(t, Pass, Judge(good(), Options{}).Result)
	require.Equal(t, Inconclusive, Judge(nil, Options{}).Result, "nothing is no pass")
	other := Options{Violations: []Violation{{Kind: "replicas differ", Words: "Nodes 1 and 2 differ at index 7."}}}
	v := Judge(good(), other)
	require.Equal(t, Violated, v.Result)
	require.Equal(t, "Nodes 1 and 2 differ at index 7.", v.Summary)
}

func TestExitCodes(t *testing.T) {
	for i, r := range []Result{Pass, Violated, Inconclusive, HarnessError} {
		require.Equal(t, i, r.ExitCode())
	}
	require.Equal(t, 3, Result("").ExitCode())
	require.Equal(t, 3, HarnessFailure(errors.New("no file")).ExitCode())
}

func TestUnderAFloorItIsInconclusive(t *testing.T) {
	phases := []history.Span{{Name: "held", From: 0, To: 3}, {Name: "healed", From: 3}}
	for _, c := range []struct {
		floor   Floor
		counted int
	}{
		{Floor{Min: 2}, 2},
		{Floor{Function: history.Put, Min: 1}, 1},
		{Floor{Phase: "held", Function: history.Put, Min: 1}, 1},
		{Floor{Phase: "held", Function: history.Get, Min: 1}, 0},
		{Floor{Phase: "healed", Function: history.Get, Min: 1}, 1},
		{Floor{Phase: "no such", Min: 1}, 0},
		{Floor{Nodes: []string{"1"}, Min: 2}, 1},
		{Floor{Processes: []int{0}, Min: 1}, 1},
		{Floor{Changed: true, Min: 2}, 1},
		{Floor{Stale: true, Min: 1}, 0},
	} {
		v := Judge(good(), Options{Floors: []Floor{c.floor}, Phases: phases})
		require.Equal(t, c.counted, v.Floors[0].Counted, c.floor.String())
		require.Equal(t, c.counted >= c.floor.Min, v.Result == Pass, v.text())
		if v.Result != Pass {
			require.Contains(t, v.Summary, fmt.Sprintf("only %d ok of at least %d", c.counted, c.floor.Min))
		}
	}
}

func TestVerdictsAsJSON(t *testing.T) {
	v := Judge(bad(), Options{Floors: []Floor{{Function: history.Put, Min: 5}}})
	var b bytes.Buffer
	require.NoError(t, v.WriteJSON(&b))
	var again Verdict
	require.NoError(t, json.Unmarshal(b.Bytes(), &again))
	require.Equal(t, v, again)
}

func TestVerdictsAsJUnit(t *testing.T) {
	for want, v := range map[string]Verdict{
		"failures=\"0\" errors=\"0\"": Judge(good(), Options{}),
		"failures=\"1\" errors=\"0\"": Judge(bad(), Options{}),
		"failures=\"2\" errors=\"0\"": Judge(good(), Options{Floors: []Floor{{Min: 9}}}),
		"failures=\"0\" errors=\"1\"": HarnessFailure(errors.New("bad byte \x01\xff ]]> in a value")),
	} {
		var b bytes.Buffer
		require.NoError(t, v.WriteJUnit(&b, "leader-kill", time.Second))
		require.Contains(t, b.String(), want)
		require.NoError(t, xml.Unmarshal(b.Bytes(), new(struct{})))
	}
}

func TestTheTextNamesTheWitness(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, Judge(bad(), Options{}).WriteText(&b))
	require.Contains(t, b.String(), "VIOLATION\n  stale read, key \"k\": The get by process 2")
	require.Contains(t, b.String(), "put \"a\": ok")
	require.Contains(t, b.String(), "get found absent")
}

func TestTheListIsBoundedAndTheCountIsNot(t *testing.T) {
	var ops []history.Operation
	for key := range 50 {
		for _, o := range bad() {
			o.Key = fmt.Sprint(key)
			ops = append(ops, o)
		}
	}
	v := Judge(ops, Options{})
	require.Len(t, v.Violations, mostOfAKind)
	require.Equal(t, 50, v.Counts[StaleRead])
	require.Equal(t, 3, strings.Count(v.text(), "  stale read, key"))
	require.Contains(t, v.text(), "and 47 more of stale read")
}

func TestDraw(t *testing.T) {
	faults := []history.Span{{Name: "kill", Targets: []string{"node 1"}, From: 1, To: 4}, {Name: "later", From: 1 << 40}}
	for _, ops := range [][]history.Operation{good(), bad(), sequential(5000, 1)} {
		var b bytes.Buffer
		require.NoError(t, Draw(&b, ops, ops[0].Key, faults))
		require.Contains(t, b.String(), "kill (node 1)")
		require.NotContains(t, b.String(), `"later"`)
		require.Less(t, b.Len(), 6<<20)
	}
	require.Error(t, Draw(new(bytes.Buffer), good(), "other", nil))
}

// sequential is a good history with puts, gets, cas and deletes by 8 clients.
func sequential(n, keys int) []history.Operation {
	var ops []history.Operation
	for i := range n {
		key, round, now := fmt.Sprintf("k%d", i%keys), i/keys, int64(i)*100
		o := history.Operation{Process: i % 8, Key: key, Call: now, Return: now + 250, Outcome: history.OutcomeOk}
		was := history.Some(fmt.Sprintf("%d-%d", i%keys, round-round%4))
		switch round % 4 {
		case 0:
			o.F, o.Input = history.Put, was
		case 1:
			o.F, o.Output = history.Get, was
		case 2:
			o.F, o.Expect, o.Output, o.Input, o.Swapped = history.CAS, was, was, history.Some(was.Data+"x"), true
		case 3:
			o.F, o.Output = history.Delete, history.Some("")
		}
		ops = append(ops, o)
	}
	return ops
}

func TestAGoodHistoryOfSize(t *testing.T) {
	require.Equal(t, Pass, Judge(sequential(20000, 100), Options{}).Result)
}

func BenchmarkJudge100kOperations(b *testing.B) {
	ops := sequential(100_000, 500)
	for b.Loop() {
		if v := Judge(ops, Options{}); v.Result != Pass {
			b.Fatal(v.text())
		}
	}
}
