package report

import (
	"cmp"
	"slices"
	"time"

	"raftkv/history"
)

// Bounds of the chart of links. The rows are enough for every link of five nodes
// to have its own.
const (
	mostLinkRows = 25
	mostLinkBars = 400
	// together is how far apart the changes of several links may be that were meant
	// to be at once.
	together = int64(100 * time.Millisecond)
)

// linkRow is the links that were cut and shaped alike, with the spans of the
// first of them.
type linkRow struct {
	links arrows
	spans []history.LinkSpan
}

// linkRows are the rows of the chart, by when they begin, and the width to which
// they are blurred: the least with which there are not too many bars. whole is
// the length of the run.
func linkRows(spans []history.LinkSpan, width, whole int64) ([]linkRow, int64) {
	for width = max(width, together); ; width *= 2 {
		rows, bars := groupLinks(spans, width), 0
		for i, r := range rows[:min(len(rows), mostLinkRows)] {
			rows[i].spans = history.BlurLinks(r.spans, width)
			bars += len(rows[i].spans)
		}
		if bars <= mostLinkBars || width > whole {
			return rows, width
		}
	}
}

// groupLinks makes a row of the links that are never in different states for
// longer than width.
func groupLinks(spans []history.LinkSpan, width int64) []linkRow {
	var order []arrow
	each := make(map[arrow][]history.LinkSpan)
	for _, s := range spans {
		a := arrowOf(s)
		if each[a] == nil {
			order = append(order, a)
		}
		each[a] = append(each[a], s)
	}
	var rows []linkRow
	for _, a := range order {
		i := slices.IndexFunc(rows, func(r linkRow) bool { return apart(r.spans, each[a]) <= width })
		if i < 0 {
			i = len(rows)
			rows = append(rows, linkRow{arrows{}, each[a]})
		}
		rows[i].links[a] = true
	}
	slices.SortStableFunc(rows, func(a, b linkRow) int {
		return cmp.Or(cmp.Compare(a.spans[0].From/width, b.spans[0].From/width), byNumber(a.links.String(), b.links.String()))
	})
	return rows
}

// apart is the longest time for which two links are in different states. Their
// spans have ends.
func apart(a, b []history.LinkSpan) int64 {
	var edges []int64
	for _, s := range slices.Concat(a, b) {
		edges = append(edges, s.From, s.To)
	}
	slices.Sort(edges)
	var longest, lasts int64
	for i := 1; i < len(edges); i++ {
		if stateAt(a, edges[i-1]) == stateAt(b, edges[i-1]) {
			lasts = 0
			continue
		}
		lasts += edges[i] - edges[i-1]
		longest = max(longest, lasts)
	}
	return longest
}

// stateAt is a link's state from an instant on; nothing while it is healthy.
func stateAt(spans []history.LinkSpan, at int64) string {
	i, exact := slices.BinarySearchFunc(spans, at, func(s history.LinkSpan, at int64) int { return cmp.Compare(s.From, at) })
	if !exact {
		i--
	}
	if i < 0 || spans[i].To <= at {
		return ""
	}
	return spans[i].State
}
