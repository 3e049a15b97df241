package fault

import (
	"fmt"
	"slices"

	"raftkv/harness/link"
)

// OneWay cuts the messages from one node to others (to all, if none is named).
// What they send to it arrives.
func OneWay(m link.Mode, from int, to ...int) Fault {
	name := fmt.Sprintf("cut n%d to %s (%s)", from, names(to), m)
	if len(to) == 0 {
		name = fmt.Sprintf("cut n%d to all peers (%s)", from, m)
	}
	return cut(name, m, func(l *link.Link) bool {
		return l.From() == from && (len(to) == 0 || slices.Contains(to, l.To()))
	})
}

// Outgoing cuts what the nodes send to any peer.
func Outgoing(m link.Mode, ids ...int) Fault {
	return cut(fmt.Sprintf("cut what %s sends (%s)", names(ids), m), m, func(l *link.Link) bool {
		return slices.Contains(ids, l.From())
	})
}

// Incoming cuts what any peer sends to the nodes. Clients still reach them.
func Incoming(m link.Mode, ids ...int) Fault {
	return cut(fmt.Sprintf("cut what is sent to %s (%s)", names(ids), m), m, func(l *link.Link) bool {
		return l.From() != link.FromClients && slices.Contains(ids, l.To())
	})
}
