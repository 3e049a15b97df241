package fault

import (
	"context"

	"raftkv/harness/cluster"
	"raftkv/harness/link"
	"raftkv/harness/proof"
)

type reset struct {
	name string
	pick func(*link.Link) bool
}

// Reset closes every live connection of the chosen links, once; which names them
// for the record. New connections can be made at once, so the heal has nothing
// to undo and proves that they can.
func Reset(which string, pick func(*link.Link) bool) Fault {
	return reset{"reset connections of " + which, pick}
}

// Name implements Fault.
func (r reset) Name() string { return r.name }

// Inject implements Fault.
func (r reset) Inject(ctx context.Context, c cluster.Cluster) (proof.Evidence, error) {
	return link.Each(ctx, "reset", r.name, chosen(c, r.pick), (*link.Link).Reset)
}

// Heal implements Fault.
func (r reset) Heal(ctx context.Context, c cluster.Cluster) (proof.Evidence, error) {
	return link.Each(ctx, "heal", r.name, chosen(c, r.pick), func(l *link.Link, ctx context.Context) (proof.Evidence, error) {
		return l.HealAs(ctx, nobody)
	})
}

// nobody is a key under which no fault was put on a link.
var nobody = new(int)
