package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"raftkv/harness/recorder"
	"raftkv/history/check"
	"raftkv/scenarios"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"chaos": func() { os.Exit(chaos(os.Args[1:], os.Stdout, os.Stderr)) },
	})
}

func TestCommands(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata"})
}

// scripted is a campaign, and jobs named after scenarios that come to the given
// results.
func scripted(out *bytes.Buffer, results ...check.Result) (*campaign, []job) {
	g := &campaign{terminal: &terminal{out: out, result: check.Pass}, options: scenarios.Options{Seed: 7}}
	var jobs []job
	for i, r := range results {
		jobs = append(jobs, scriptedJob(scenarios.All[i].Name, r))
	}
	return g, jobs
}

// scriptedJob comes to a result; without one it leaves no verdict.
func scriptedJob(name string, result check.Result) job {
	return job{name: name, run: func(_ context.Context, o scenarios.Options) (scenarios.Result, error) {
		o.Progress(scenarios.Update{Scenario: name, Phase: scenarios.Before})
		o.Progress(scenarios.Update{Scenario: name, Phase: scenarios.Before, Text: "node 3 leads term 1"})
		if result == "" {
			return scenarios.Result{}, errors.New("disk full")
		}
		return scenarios.Result{
			Scenario: name, Seed: o.Seed, Dir: "runs/x", Recovery: 210 * time.Millisecond,
			Verdict: check.Verdict{Result: result, Summary: "because", Outcomes: map[string]map[string]int{"put": {"ok": 3, "unknown": 1}, "get": {"ok": 2, "fail": 4}}},
		}, nil
	}}
}

func TestTheWorstResultIsTheVerdict(t *testing.T) {
	for _, c := range []struct {
		results []check.Result
		want    check.Result
	}{
		{[]check.Result{check.Pass, check.Pass}, check.Pass},
		{[]check.Result{check.Inconclusive, check.Pass}, check.Inconclusive},
		{[]check.Result{check.Inconclusive, check.HarnessError}, check.HarnessError},
		{[]check.Result{check.HarnessError, check.Violated, check.Inconclusive}, check.Violated},
		{[]check.Result{"", check.Pass}, check.HarnessError},
	} {
		var out bytes.Buffer
		g, jobs := scripted(&out, c.results...)
		require.NoError(t, g.all(t.Context(), jobs))
		require.Equal(t, c.want, g.result)
		require.Contains(t, out.String(), string(c.want)+": ")
	}
}

func TestEachScenarioGetsALine(t *testing.T) {
	var out bytes.Buffer
	g, jobs := scripted(&out, check.Pass)
	require.NoError(t, g.all(t.Context(), jobs))
	require.Contains(t, out.String(), "leader-kill ")
	require.Contains(t, out.String(), "5 ok, 4 failed, 1 unknown; recovery 210ms")
	require.Contains(t, out.String(), "runs/x")
	require.Contains(t, out.String(), "node 3 leads term 1")
}

func TestASkippedScenarioSaysWhyAndIsNoPass(t *testing.T) {
	skipped := job{name: "power-loss", run: func(context.Context, scenarios.Options) (scenarios.Result, error) {
		return scenarios.Result{Skipped: "it needs root"}, nil
	}}
	var out bytes.Buffer
	g, _ := scripted(&out)
	require.NoError(t, g.all(t.Context(), []job{skipped}))
	require.Contains(t, out.String(), "SKIPPED       power-loss: it needs root\n")
	require.Contains(t, out.String(), "INCONCLUSIVE: 0 scenarios, 1 skipped, seed 7")

	out.Reset()
	g, jobs := scripted(&out, check.Pass)
	require.NoError(t, g.all(t.Context(), append([]job{skipped}, jobs...)))
	require.Contains(t, out.String(), "PASS: 1 scenario, 1 skipped, seed 7")
}

func TestAnInterruptedCampaignIsNoPass(t *testing.T) {
	var out bytes.Buffer
	ctx, cancel := context.WithCancel(t.Context())
	g, jobs := scripted(&out, check.Pass, check.Pass, check.Pass)
	inner := jobs[0].run
	jobs[0].run = func(ctx context.Context, o scenarios.Options) (scenarios.Result, error) {
		defer cancel()
		return inner(ctx, o)
	}
	require.NoError(t, g.all(ctx, jobs))
	require.Equal(t, check.Inconclusive, g.result)
	require.Contains(t, out.String(), "2 of 3 scenarios were not run")
}

func TestScenariosAreChosenByName(t *testing.T) {
	all, err := choose("all")
	require.NoError(t, err)
	require.Len(t, all, len(scenarios.All))
	two, err := choose("slow-links,leader-kill")
	require.NoError(t, err)
	require.Equal(t, "slow-links", two[0].name)
	require.Equal(t, "leader-kill", two[1].name)
	_, err = choose("nonsense")
	require.ErrorContains(t, err, "chaos list")
}

func TestTheBarCopesWithARunLongerThanForecast(t *testing.T) {
	var out bytes.Buffer
	b := newBar(&out, "1/1 x", func() int { return 80 })
	b.update(scenarios.Update{Phase: scenarios.Before, Elapsed: time.Second, Total: 2 * time.Second})
	b.update(scenarios.Update{Phase: scenarios.After, Elapsed: 9 * time.Second, Total: 2 * time.Second})
	b.done()
	require.Contains(t, out.String(), "after")
}

func TestTheBarStaysOnItsLine(t *testing.T) {
	for _, width := range []int{40, 80, 120} {
		var out bytes.Buffer
		b := newBar(&out, "10/10 leader-cut-from-peers-not-clients", func() int { return width })
		for ms := range 60 {
			b.update(scenarios.Update{
				Phase: scenarios.Recovery, Elapsed: time.Duration(ms) * 200 * time.Millisecond, Total: 12 * time.Second,
				Counts: recorder.Counts{Ok: 123456, Failed: 12345, Unknown: 1234},
			})
		}
		b.done()
		require.NotContains(t, out.String(), "\n")
		for _, drawn := range strings.Split(out.String(), "\r") {
			require.Less(t, utf8.RuneCountInString(drawn), width, drawn)
		}
		require.Contains(t, out.String(), "leader-cut")
	}
}

func TestTheBarTellsTheFaultTheRateAndTheTimeLeft(t *testing.T) {
	u := scenarios.Update{
		Phase: scenarios.During, Fault: "pause n1", Elapsed: 4 * time.Second, Total: 9 * time.Second,
		Counts: recorder.Counts{Ok: 2863, Failed: 100},
	}
	for room, want := range map[int]string{
		90: "1/1 x · pause n1 · 7 ok/s · 5s left · 2863 ok, 100 failed, 0 unknown",
		40: "1/1 x · pause n1 · 7 ok/s · 5s left",
		34: "1/1 x · during · 7 ok/s · 5s left",
		25: "1/1 x · during · 5s left",
		15: "1/1 x · during",
		9:  "1/1 x",
	} {
		require.Equal(t, want, describe("1/1 x", u, "7 ok/s", room))
	}
	u.Fault = ""
	require.Contains(t, describe("1/1 x", u, "7 ok/s", 90), "x · during · 7")
}

func TestTheRateIsOfLate(t *testing.T) {
	var r rate
	at := func(elapsed time.Duration, ok int) string {
		return r.of(scenarios.Update{Elapsed: elapsed, Counts: recorder.Counts{Ok: ok}})
	}
	require.Equal(t, "– ok/s", at(time.Second/2, 100))
	require.Equal(t, "100 ok/s", at(2*time.Second, 200))
	require.Equal(t, "100 ok/s", at(2*time.Second+time.Second/2, 900))
	require.Equal(t, "0 ok/s", at(4*time.Second, 200))
}

func TestAFailureEndsWithTheReportsPath(t *testing.T) {
	var out bytes.Buffer
	g, jobs := scripted(&out, check.Violated)
	require.NoError(t, g.all(t.Context(), jobs))
	require.Contains(t, out.String(), "\nsee runs/x/report.html\nVIOLATION: 1 scenario, seed 7")
}
