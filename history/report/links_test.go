package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"raftkv/history"
)

// cut is a span of the link written as "1→2", or "c→2" for the clients' one.
func cut(link, state string, from, to int64) history.LinkSpan {
	sender, receiver, _ := strings.Cut(link, "→")
	if sender == clients {
		sender = ""
	}
	return history.LinkSpan{Sender: sender, Receiver: receiver, State: state, From: from, To: to}
}

// set makes "1→2 3→1" into a set of links.
func set(links string) arrows {
	s := arrows{}
	for _, l := range strings.Fields(links) {
		s[arrowOf(cut(l, "", 0, 0))] = true
	}
	return s
}

func TestLinksAreNamedByWhoIsCutFromWhom(t *testing.T) {
	for links, want := range map[string]string{
		"1→3":     "1→3",
		"c→2":     "c→2",
		"1→3 3→1": "1⇄3",
		"1→2 1→3": "1 → 2, 3",
		"2→1 3→1": "2, 3 → 1",
		"c→1 c→2": "c → 1, 2",
		"1→2 3→4": "1→2; 3→4",
		"1→3 1→4 2→3 2→4 3→1 4→1 3→2 4→2":         "1, 2 ⇄ 3, 4",
		"1→2 1→3 2→1 2→3 3→1 3→2":                 "all among 1, 2, 3",
		"1→2 2→1 1→3 3→1 2→3 3→2 1→4 4→1 2→4 4→2": "1⇄2; 1, 2 ⇄ 3, 4",
		"1→2 2→3 3→1":   "1→2; 3→1; 2→3",
		"2→10 10→2 2→3": "2→3; 2⇄10",
	} {
		require.Equal(t, want, set(links).String(), links)
	}
}

// Every set of links among three nodes and their clients' has a name of its own.
func TestANameTellsOfNoOtherLinks(t *testing.T) {
	seen := map[string]string{}
	all := []string{"1→2", "2→1", "1→3", "3→1", "2→3", "3→2", "c→1", "c→2", "c→3"}
	for bits := 1; bits < 1<<len(all); bits++ {
		var links []string
		for i, l := range all {
			if bits>>i&1 == 1 {
				links = append(links, l)
			}
		}
		text := strings.Join(links, " ")
		name := set(text).String()
		require.Empty(t, seen[name], "%s and %s are both %q", seen[name], text, name)
		seen[name] = text
	}
}

func TestLinksWithOneHistoryShareARow(t *testing.T) {
	rows, width := linkRows([]history.LinkSpan{
		cut("1→2", history.LinkDrop, second, 3*second),
		cut("1→3", history.LinkDrop, second+20*milli, 3*second+60*milli), // nearly at once
		cut("2→1", history.LinkHold, second, 3*second),                   // another way
		cut("3→1", history.LinkDrop, second, 2*second),                   // not as long
		cut("4→1", history.LinkDrop, second, 2980*milli),
		cut("4→1", history.LinkHold, 2980*milli, 3*second), // a moment's difference
		cut("1→2", history.LinkReject, 5*second, 6*second),
		cut("1→3", history.LinkReject, 5*second, 6*second),
	}, 0, 10*second)
	require.Equal(t, together, width)
	var names []string
	for _, r := range rows {
		names = append(names, fmt.Sprint(r.links, " ", len(r.spans)))
	}
	require.Equal(t, []string{"2→1 1", "3→1 1", "4→1 1", "1 → 2, 3 2"}, names)

	rows, _ = linkRows([]history.LinkSpan{
		cut("1→2", history.LinkDrop, second, 3*second),
		cut("4→2", history.LinkDrop, second, 2980*milli), cut("4→2", history.LinkHold, 2980*milli, 3*second),
	}, 0, 10*second)
	require.Len(t, rows, 1, "a moment's difference is not seen")
}

func TestStatesAreComparedOverTime(t *testing.T) {
	a := []history.LinkSpan{cut("1→2", "x", 10, 20), cut("1→2", "y", 20, 30)}
	for want, b := range map[int64][]history.LinkSpan{
		0:  a,
		3:  {cut("1→3", "x", 7, 20), cut("1→3", "y", 20, 31)},
		4:  {cut("1→3", "x", 10, 24), cut("1→3", "y", 24, 30)},
		10: {cut("1→3", "x", 10, 20)},
		20: {cut("1→3", "z", 10, 30)},
		70: append(slices.Clone(a), cut("1→3", "x", 30, 100)),
	} {
		require.Equal(t, want, apart(a, b))
		require.Equal(t, want, apart(b, a))
	}
}

// flapping is all links of some nodes cut over and over, each in its own rhythm.
func flapping(nodes int, length int64) []history.LinkSpan {
	var all []history.LinkSpan
	for from := range nodes {
		for to := range nodes {
			if from == to {
				continue
			}
			step := second + int64(from*nodes+to)*37*milli
			for at := step; at < length; at += step {
				all = append(all, cut(fmt.Sprintf("%d→%d", from+1, to+1), []string{"drop", "hold", "reject", "slow"}[at/step%4], at, at+step/2))
			}
		}
	}
	return all
}

func TestTheChartOfLinksIsBounded(t *testing.T) {
	d := killed(600, 4)
	without := len(written(t, d))
	d.Timeline.Links = flapping(7, 600*second)
	require.Greater(t, len(d.Timeline.Links), 5000)
	rows, width := linkRows(d.Timeline.Links, 0, 600*second)
	bars := 0
	for _, r := range rows[:min(len(rows), mostLinkRows)] {
		bars += len(r.spans)
	}
	require.LessOrEqual(t, bars, mostLinkBars)
	require.NotEmpty(t, rows)
	require.Greater(t, width, second)
	html := written(t, d)
	require.Less(t, len(html)-without, 200<<10)
	require.Contains(t, html, "is drawn as one")
}

func TestRowsThatAreTooManyAreCounted(t *testing.T) {
	d := killed(60, 4)
	for i := range mostLinkRows + 3 {
		at := int64(i+1) * second
		d.Timeline.Links = append(d.Timeline.Links, cut(fmt.Sprintf("%d→%d", i+1, i+2), history.LinkDrop, at, at+second))
	}
	html := written(t, d)
	require.Contains(t, html, "3 more links had faults later")
	require.Contains(t, html, ">25→26<")
	require.NotContains(t, html, ">26→27<")
}

func TestLinksAndLagsAreShownIfThereAreAny(t *testing.T) {
	d := killed(10, 4)
	html := written(t, d)
	require.NotContains(t, html, "Links that were cut", "a run recorded before links were")
	require.NotContains(t, html, "Replication lag")

	d.Timeline.Links = []history.LinkSpan{
		cut("1→2", history.LinkDrop, 4*second, 6*second), cut("c→3", "latency 40ms", 4*second, 0),
		cut("5→4", history.LinkHold, 11*second, 12*second), // after the last operation
	}
	d.Timeline.Lags = history.Lags{From: 0, Width: second, Nodes: []history.NodeLags{
		{Node: "1", Behind: []int64{0, 0, 900, history.NoAnswer, 20, 0}}, {Node: "10", Behind: []int64{0}},
		{Node: "2", Behind: []int64{history.NoAnswer}},
	}}
	html = written(t, d)
	for _, want := range []string{
		"Links that were cut", ">1→2<", ">c→3<", ">drop<", ">latency 40ms<", "c are the clients", "drop: what", "shaped: slow",
		"Replication lag", ">500<", `leader-0"></i>node 1<`, "node 10",
	} {
		require.Contains(t, html, want)
	}
	for _, bad := range []string{"5→4", "hold: it waits", "reject: closed", "</i>node 2<", "is drawn as one", "NaN", "#F000"} {
		require.NotContains(t, html, bad)
	}
}

func TestACurveBreaksWhereANodeDoesNotAnswer(t *testing.T) {
	d := killed(10, 4)
	d.Timeline.Lags = history.Lags{From: -second, Width: second}
	points, most := newView(d).behind(history.NodeLags{Behind: []int64{77, 5, 5, 5, 5, history.NoAnswer, history.NoAnswer, 9}})
	require.EqualValues(t, 9, most, "what was before the first operation is not drawn")
	var at []string
	for _, p := range points {
		at = append(at, strconv.FormatFloat(p.X, 'f', 1, 64)+":"+strconv.FormatFloat(p.Y, 'f', 0, 64))
	}
	require.Equal(t, []string{"0.5:5", "3.5:5", "4.5:NaN", "5.5:NaN", "6.5:9"}, at)
}

func TestANodeLooksTheSameInEveryChart(t *testing.T) {
	d := killed(10, 4)
	for i := range 7 {
		d.Timeline.Lags.Nodes = append(d.Timeline.Lags.Nodes, history.NodeLags{Node: fmt.Sprint(i + 1), Behind: []int64{1}})
	}
	v := newView(d)
	require.Equal(t, "leader-3", v.nodePaint("4").class())
	require.Equal(t, "leader-1 dashed", v.nodePaint("7").class())
	require.NotEmpty(t, v.nodePaint("7").dashes)
}
