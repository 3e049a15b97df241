package fault

import (
	"fmt"
	"slices"

	"raftkv/harness/link"
)

// Isolate cuts every link between each of the nodes and every other node, both
// ways. Clients still reach the nodes: that is how a stale read is caught.
func Isolate(m link.Mode, ids ...int) Fault {
	return cut(fmt.Sprintf("isolate %s from peers (%s)", names(ids), m), m, touches(ids))
}

// IsolateFromAll cuts the nodes off from the clients as well.
func IsolateFromAll(m link.Mode, ids ...int) Fault {
	peers := touches(ids)
	return cut(fmt.Sprintf("isolate %s from all (%s)", names(ids), m), m, func(l *link.Link) bool {
		return peers(l) || l.From() == link.FromClients && slices.Contains(ids, l.To())
	})
}

// touches picks the links between nodes that begin or end at one of the ids.
func touches(ids []int) func(*link.Link) bool {
	return func(l *link.Link) bool {
		return l.From() != link.FromClients && (slices.Contains(ids, l.From()) || slices.Contains(ids, l.To()))
	}
}
