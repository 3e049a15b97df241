package fault

import (
	"context"

	"raftkv/harness/cluster"
	"raftkv/harness/link"
	"raftkv/harness/proof"
)

// onLinks is a fault of some links: pick chooses them, bite is done to each.
// The faults of the network are all values of it.
type onLinks struct {
	name   string
	action string
	pick   func(l *link.Link) bool
	bite   func(l *link.Link, ctx context.Context) (proof.Evidence, error)
}

// Name implements Fault.
func (o onLinks) Name() string { return o.name }

// Inject implements Fault.
func (o onLinks) Inject(ctx context.Context, c cluster.Cluster) (proof.Evidence, error) {
	return link.Each(ctx, o.action, o.name, o.chosen(c), o.bite)
}

// Heal implements Fault.
func (o onLinks) Heal(ctx context.Context, c cluster.Cluster) (proof.Evidence, error) {
	return link.Each(ctx, "heal", o.name, o.chosen(c), (*link.Link).Heal)
}

func (o onLinks) chosen(c cluster.Cluster) []*link.Link {
	var out []*link.Link
	for _, l := range c.Links().All() {
		if o.pick(l) {
			out = append(out, l)
		}
	}
	return out
}

// cut makes a fault that cuts the chosen links.
func cut(name string, m link.Mode, pick func(l *link.Link) bool) Fault {
	return onLinks{
		name: name, action: string(m), pick: pick,
		bite: func(l *link.Link, ctx context.Context) (proof.Evidence, error) { return l.Cut(ctx, m) },
	}
}
