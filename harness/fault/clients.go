package fault

import (
	"fmt"
	"slices"

	"raftkv/harness/link"
)

// CutClients cuts the clients from the nodes. Their peers still reach them: a
// leader goes on leading that no client can ask.
func CutClients(m link.Mode, ids ...int) Fault {
	return cut(fmt.Sprintf("cut clients from %s (%s)", names(ids), m), m, func(l *link.Link) bool {
		return l.From() == link.FromClients && slices.Contains(ids, l.To())
	})
}
