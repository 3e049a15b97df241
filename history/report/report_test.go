package report

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftkv/history"
	"raftkv/history/check"
)

const (
	second = int64(time.Second)
	milli  = int64(time.Millisecond)
)

// killed is a run of n seconds and some clients in which the leader is killed at
// 40 % and nobody can write for 0.7 s.
func killed(seconds, clients int) Data {
	r := rand.New(rand.NewPCG(7, 7))
	length, kill := int64(seconds)*second, int64(seconds)*second*4/10
	back := kill + 700*milli
	var ops []history.Operation
	next, process := 0, clients
	for c := range clients {
		id := c
		for now := int64(c) * milli; now < length; {
			o := history.Operation{Process: id, Node: fmt.Sprint(1 + r.IntN(5)), Key: fmt.Sprintf("k%d", r.IntN(40)), Call: now, F: history.Get, Outcome: history.OutcomeOk}
			if r.IntN(2) == 0 {
				next++
				o.F, o.Input = history.Put, history.Some(fmt.Sprintf("v%d", next))
			}
			took := 2*milli + r.Int64N(6*milli)
			if now+took > kill && now < back {
				took = back - now + r.Int64N(30*milli)
				if r.IntN(3) == 0 {
					o.Outcome, o.GaveUp, o.Return = history.OutcomeUnknown, now+400*milli, history.Infinity
					took = 400 * milli
				} else if r.IntN(4) == 0 {
					o.Outcome, took = history.OutcomeFail, 5*milli
				}
			}
			if o.Outcome != history.OutcomeUnknown {
				o.Return = now + took
			} else {
				id = process
				process++
			}
			ops = append(ops, o)
			now += took + milli + r.Int64N(20*milli)
		}
	}
	return Data{
		Run: history.Run{
			Scenario: "leader-kill", Seed: 7, Driver: "process", Started: time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC),
			Duration: time.Duration(length), Commands: []string{"make chaos SCENARIO=leader-kill SEED=7 DRIVER=process", "chaos check history.jsonl"},
			Expectation: "writes resume within 3 s of the kill",
		},
		Timeline: history.Timeline{
			Faults:  []history.Span{{Name: "kill", Kind: "kill", Targets: []string{"node 2"}, From: kill, To: kill + 3*second, Evidence: "exit code 137; /healthz refused"}},
			Leaders: []history.LeaderPoint{{Time: 0, Node: "2", Term: 3}, {Time: kill, Node: "", Term: 3}, {Time: kill + 560*milli, Node: "4", Term: 4}},
			Marks:   []history.Mark{{Time: back, Text: "first write after the kill"}},
		},
		Operations: ops,
		Verdict: check.Verdict{Result: check.Pass, Summary: fmt.Sprintf("%d operations on 40 keys are linearizable.", len(ops)), Operations: len(ops), Keys: 40,
			Floors:   []check.FloorCount{{Floor: check.Floor{Phase: "healed", Function: history.Put, Min: 100}, Counted: 412}},
			Outcomes: map[string]map[string]int{"put": {"ok": 3000, "unknown": 4, "fail": 3}, "get": {"ok": 3100, "unknown": 2}}},
	}
}

func violated() Data {
	d := killed(10, 8)
	ops := []history.Operation{
		{Process: 1, Node: "2", F: history.Put, Key: "k1", Call: 4100 * milli, Return: 4110 * milli, Input: history.Some("a"), Outcome: history.OutcomeOk},
		{Process: 2, Node: "4", F: history.Put, Key: "k1", Call: 4800 * milli, Return: 4804 * milli, Input: history.Some("b"), Outcome: history.OutcomeOk},
		{Process: 3, Node: "2", F: history.Get, Key: "k1", Call: 4900 * milli, Return: 4901 * milli, Output: history.Some("a"), Outcome: history.OutcomeOk},
	}
	d.Verdict = check.Judge(ops, check.Options{Notes: []string{"the fault kill of node 2 was not proved"}})
	d.Operations = append(d.Operations, ops...)
	return d
}

func written(t *testing.T, d Data) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, Write(&b, d))
	if dir := os.Getenv("REPORT_DIR"); dir != "" {
		require.NoError(t, os.WriteFile(dir+"/"+strings.ReplaceAll(t.Name(), "/", "_")+".html", b.Bytes(), 0o644))
	}
	return b.String()
}

func TestTheReportTellsTheStoryFirst(t *testing.T) {
	html := written(t, killed(10, 8))
	for _, want := range []string{
		"PASS", "leader-kill", "seed 7", "kill (node 2)", "at 4.00\u00a0s", "node 4", "term 4, at 4.56\u00a0s, 560\u00a0ms after the fault",
		"Longest gap in writes", "no write for 7", "make chaos SCENARIO=leader-kill SEED=7", "node 4 leads, term 4", "exit code 137",
	} {
		require.Contains(t, html, want)
	}
	require.Less(t, strings.Index(html, "Longest gap in writes"), strings.Index(html, "<svg"))
}

func TestAViolationComesWithItsWitness(t *testing.T) {
	html := written(t, violated())
	require.Contains(t, html, "VIOLATION")
	require.Contains(t, html, "stale read · key k1")
	require.Contains(t, html, "put &#34;a&#34;: ok")
	require.Contains(t, html, "not proved")
	require.NotContains(t, html, "are shown here")
	require.Less(t, strings.Index(html, "stale read · key"), strings.Index(html, "<svg"))
}

func TestThePageNeedsNothingElse(t *testing.T) {
	html := written(t, killed(10, 8))
	for _, bad := range []string{"<script", "src=", "<link", "@import", "url(", "href=\"http"} {
		require.NotContains(t, html, bad)
	}
	require.NotContains(t, html, "#F000", "a role without its colour")
	require.Empty(t, regexp.MustCompile(`(fill|stroke):#[0-9A-F]{6}`).FindString(html), "a colour that no theme sets")
	for _, name := range regexp.MustCompile(`var\(--([\w-]+)\)`).FindAllStringSubmatch(html, -1) {
		require.Contains(t, html, "--"+name[1]+":")
	}
}

func TestTheDrawingsAreWellFormed(t *testing.T) {
	html := written(t, violated())
	svgs := regexp.MustCompile(`(?s)<svg.*?</svg>`).FindAllString(html, -1)
	require.Len(t, svgs, 4*len(sizes))
	for _, svg := range svgs {
		require.NoError(t, xml.Unmarshal([]byte(svg), new(struct{})))
		require.NotContains(t, svg, "NaN")
	}
}

func TestThePageStaysSmall(t *testing.T) {
	short, long := written(t, killed(10, 8)), written(t, killed(600, 30))
	require.Less(t, len(long), 400<<10)
	require.Less(t, len(long), 3*len(short))
}

// Of a long run the page tells what is around the violation, and what it leaves out.
func TestThePageOfAThousandRoundsStaysSmall(t *testing.T) {
	d := killed(60, 4)
	d.Timeline.Faults, d.Verdict.Floors = nil, nil
	for i := range 1000 {
		at := int64(i) * 60 * milli
		name := fmt.Sprintf("fault-%d.", i)
		d.Timeline.Faults = append(d.Timeline.Faults, history.Span{Name: name, From: at, To: at + 30*milli, Evidence: "it exited"})
		d.Timeline.Marks = append(d.Timeline.Marks, history.Mark{Time: at, Text: "recovered"})
		d.Run.Facts = append(d.Run.Facts, history.Fact{Name: fmt.Sprintf("round %d", i), Value: name})
		d.Verdict.Reasons = append(d.Verdict.Reasons, "doubt about "+name)
		d.Verdict.Floors = append(d.Verdict.Floors, check.FloorCount{Floor: check.Floor{Phase: name, Min: 5}, Counted: 9})
	}
	missed := &d.Verdict.Floors[999]
	missed.Counted = 1
	late := d.Operations[len(d.Operations)-1]
	d.Verdict.Result, d.Verdict.Violations = check.Violated, []check.Violation{{Kind: check.StaleRead, Words: "Late.", Witness: []history.Operation{late}}}
	page := written(t, d)
	require.Less(t, len(page), 500<<10)
	require.Contains(t, page, "fault-995.</td><td>it exited", "the faults around the violation")
	require.NotContains(t, page, "fault-200.</td><td>it exited")
	require.Contains(t, page, missed.String(), "what was missed comes first")
	for _, more := range []string{"and 940 more: see timeline.json", "and 900 more: see verdict.json", "and 900 more: see run.json"} {
		require.Contains(t, page, more)
	}
}

func TestOddRuns(t *testing.T) {
	for name, change := range map[string]func(*Data){
		"nothing":      func(d *Data) { *d = Data{Verdict: check.HarnessFailure(fmt.Errorf("the <cluster> did not start"))} },
		"no faults":    func(d *Data) { d.Timeline = history.Timeline{} },
		"no operation": func(d *Data) { d.Operations = nil },
		"no success": func(d *Data) {
			for i := range d.Operations {
				d.Operations[i].Outcome, d.Operations[i].Return = history.OutcomeUnknown, history.Infinity
			}
		},
		"open fault":  func(d *Data) { d.Timeline.Faults[0].To = 0 },
		"one instant": func(d *Data) { d.Operations = d.Operations[:1]; d.Timeline = history.Timeline{} },
		"many faults": func(d *Data) {
			for i := range 300 {
				d.Timeline.Faults = append(d.Timeline.Faults, history.Span{Name: "slow every link", From: int64(i) * 30 * milli, To: int64(i)*30*milli + 100*milli})
			}
		},
		"rolling": func(d *Data) {
			d.Timeline = history.Timeline{}
			for i := range 5 {
				at := int64(i)*2*second + second/2
				d.Timeline.Faults = append(d.Timeline.Faults, history.Span{Name: "restart", Targets: []string{fmt.Sprintf("node %d", i+1)}, From: at, To: at + second})
				d.Timeline.Leaders = append(d.Timeline.Leaders, history.LeaderPoint{Time: at, Node: fmt.Sprint(i + 1), Term: uint64(i + 2)})
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := killed(10, 4)
			change(&d)
			html := written(t, d)
			require.Contains(t, html, "</html>")
			require.NotContains(t, html, "NaN")
			require.NotContains(t, html, "<cluster>")
		})
	}
}

func TestTheLongestGapIsBetweenAcknowledgedWrites(t *testing.T) {
	put := func(at int64, outcome history.Outcome) history.Operation {
		return history.Operation{F: history.Put, Call: at - 1, Return: at, Outcome: outcome}
	}
	read := history.Operation{F: history.Get, Call: 40, Return: 50, Outcome: history.OutcomeOk}
	lost := history.Operation{F: history.CAS, Call: 50, Return: 60, Outcome: history.OutcomeOk} // changed nothing
	ops := []history.Operation{put(10, history.OutcomeOk), put(30, history.OutcomeFail), read, lost, put(90, history.OutcomeOk), put(100, history.OutcomeOk)}
	require.Equal(t, gap{10, 90}, longestGap(ops))
}
