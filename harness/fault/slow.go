package fault

import (
	"context"
	"fmt"

	"raftkv/harness/link"
	"raftkv/harness/proof"
)

// Slow gives every link between nodes the shape.
func Slow(s link.Shape) Fault {
	return SlowLinks(s, "all peer links", func(l *link.Link) bool { return l.From() != link.FromClients })
}

// SlowLinks gives the chosen links the shape; which names them for the record.
func SlowLinks(s link.Shape, which string, pick func(l *link.Link) bool) Fault {
	return onLinks{
		name: fmt.Sprintf("slow %s (%s)", which, s), action: "shape", pick: pick,
		bite: func(l *link.Link, ctx context.Context) (proof.Evidence, error) { return l.Shape(ctx, s) },
	}
}
