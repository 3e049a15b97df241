package fault

import (
	"fmt"

	"raftkv/harness/link"
)

// Slow gives every link between nodes the shape: latency, jitter, bandwidth.
func Slow(s link.Shape) Fault {
	return SlowLinks(s, "all peer links", func(l *link.Link) bool { return l.From() != link.FromClients })
}

// SlowLinks gives the chosen links the shape; which names them for the record.
func SlowLinks(s link.Shape, which string, pick func(l *link.Link) bool) Fault {
	return shaped(fmt.Sprintf("slow %s (%s)", which, s), s, pick)
}
