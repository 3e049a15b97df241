package report

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftkv/history/check"
)

func many() []Summary {
	var all []Summary
	for seed := range int64(3) {
		for _, name := range []string{"leader-kill", "slow-links"} {
			all = append(all, Summary{
				Scenario: name, Driver: "process", Seed: seed, Result: check.Pass, Words: "explained",
				Link: fmt.Sprintf("%s-%d/report.html", name, seed), Started: time.Unix(1_700_000_000, 0),
				Recoveries: []time.Duration{time.Duration(seed+1) * 100 * time.Millisecond}, SlowestHeal: time.Duration(seed) * time.Second,
			})
		}
	}
	return all
}

func indexPage(t *testing.T, runs []Summary) string {
	t.Helper()
	var b strings.Builder
	require.NoError(t, WriteIndex(&b, runs))
	return b.String()
}

func TestIndexLeadsToEveryRun(t *testing.T) {
	page := indexPage(t, many())
	require.Contains(t, page, "6 runs, 6 passed")
	for _, r := range many() {
		require.Contains(t, page, `href="`+r.Link+`"`)
	}
	require.NotContains(t, page, "What did not pass")
	require.Contains(t, page, "leader-kill, seed 2", "the slowest heal, and where")
}

func TestIndexPutsTheGravestFirst(t *testing.T) {
	runs := many()
	runs[1].Result, runs[1].Words = check.Inconclusive, "too little succeeded"
	require.Equal(t, check.Inconclusive, worst(runs))
	runs[2].Result, runs[2].Words = check.Violated, `a <b>stale</b> read`
	page := indexPage(t, runs)
	require.Equal(t, check.Violated, worst(runs))
	require.Contains(t, page, "What did not pass")
	require.Contains(t, page, "too little succeeded")
	require.Contains(t, page, "a &lt;b&gt;stale&lt;/b&gt; read", "words are text")
}

func TestIndexShowsTheDistributionOfRecoveries(t *testing.T) {
	page := indexPage(t, many())
	require.Contains(t, page, "Recovery times")
	require.Contains(t, page, "200\u00a0ms", "the median")
	runs := many()
	for i := range runs {
		runs[i].Recoveries = nil
	}
	require.NotContains(t, indexPage(t, runs), "Recovery times", "nothing to draw")
}

func TestIndexTellsDriversApartWhereThereAreTwo(t *testing.T) {
	runs := many()[:2]
	runs[1].Scenario, runs[1].Driver, runs[1].Seed = runs[0].Scenario, "docker", runs[0].Seed
	x, err := newIndex(runs)
	require.NoError(t, err)
	require.Len(t, x.Rows, 1)
	require.Equal(t, "P d", x.Rows[0].Cells[0][0].Letter)
	require.Equal(t, "P p", x.Rows[0].Cells[0][1].Letter)
}

func TestIndexNeedsNoNetwork(t *testing.T) {
	page := indexPage(t, many())
	for _, outside := range []string{`src="`, `href="http`, "@import", "url(", "<script", "<link"} {
		require.NotContains(t, page, outside)
	}
}
