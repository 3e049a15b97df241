package run

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"raftkv/harness/cluster"
	"raftkv/history"
)

// mostSlices bounds what is kept of lags: when there are more slices of time, two
// and two become one. The first ones are of finestSlice.
const (
	mostSlices  = 400
	finestSlice = int64(100 * time.Millisecond)
)

// lags records how many entries each node is behind. The nodes are asked one by
// one, so a node's lag is exact to what is committed between two askings. Its user
// guards it.
type lags struct {
	from, width int64
	commit      uint64 // the highest index known to be committed
	nodes       map[int]*nodeLags
}

// nodeLags has a slice for all of the time until the node's last answer.
type nodeLags struct {
	behind []int64
	missed bool // it did not answer since
}

// heard notes what a node said at an instant. A node that does not take part, as
// the leader has it, is not behind: it is as if it had said nothing.
func (l *lags) heard(id int, at int64, s cluster.Status, member bool) {
	l.commit = max(l.commit, s.Commit)
	if !member {
		l.silent(id)
		return
	}
	if l.nodes == nil {
		l.from, l.width, l.nodes = at, finestSlice, make(map[int]*nodeLags)
	}
	for (at-l.from)/l.width >= mostSlices {
		l.fold()
	}
	l.of(id).put(int((at-l.from)/l.width), int64(l.commit-min(s.Applied, l.commit)))
}

// silent notes that a node did not answer.
func (l *lags) silent(id int) {
	if l.nodes != nil {
		l.of(id).missed = true
	}
}

func (l *lags) of(id int) *nodeLags {
	if l.nodes[id] == nil {
		l.nodes[id] = &nodeLags{missed: true} // it said nothing before
	}
	return l.nodes[id]
}

// put notes a lag in a slice. Slices since the last answer that are empty
// although the node missed nothing, since it was asked a little late, are like
// this one.
func (n *nodeLags) put(slice int, behind int64) {
	between := behind
	if n.missed {
		between = history.NoAnswer
	}
	for len(n.behind) < slice {
		n.behind = append(n.behind, between)
	}
	if len(n.behind) == slice {
		n.behind = append(n.behind, behind)
	}
	n.behind[slice], n.missed = max(n.behind[slice], behind), false
}

// fold makes one slice of two: the greater lag stays.
func (l *lags) fold() {
	l.width *= 2
	for _, n := range l.nodes {
		var half []int64
		for two := range slices.Chunk(n.behind, 2) {
			half = append(half, slices.Max(two))
		}
		n.behind = half
	}
}

// table is what was recorded, for the report.
func (l *lags) table() history.Lags {
	t := history.Lags{From: l.from, Width: l.width}
	for _, id := range slices.Sorted(maps.Keys(l.nodes)) {
		if b := l.nodes[id].behind; len(b) > 0 {
			t.Nodes = append(t.Nodes, history.NodeLags{Node: strconv.Itoa(id), Behind: slices.Clone(b)})
		}
	}
	return t
}
