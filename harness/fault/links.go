package fault

import (
	"context"

	"raftkv/harness/cluster"
	"raftkv/harness/link"
	"raftkv/harness/proof"
)

// onLinks is a fault of some links: pick chooses them, bite is done to each in
// the name of key, so that faults of the same links do not undo each other. The
// faults of the network are all made of it.
type onLinks struct {
	name   string
	action string
	key    *int
	pick   func(l *link.Link) bool
	bite   func(ctx context.Context, l *link.Link, key any) (proof.Evidence, error)
}

// Name implements Fault.
func (o onLinks) Name() string { return o.name }

// Inject implements Fault.
func (o onLinks) Inject(ctx context.Context, c cluster.Cluster) (proof.Evidence, error) {
	return link.Each(ctx, o.action, o.name, chosen(c, o.pick), func(l *link.Link, ctx context.Context) (proof.Evidence, error) {
		return o.bite(ctx, l, o.key)
	})
}

// Heal implements Fault.
func (o onLinks) Heal(ctx context.Context, c cluster.Cluster) (proof.Evidence, error) {
	return link.Each(ctx, "heal", o.name, chosen(c, o.pick), func(l *link.Link, ctx context.Context) (proof.Evidence, error) {
		return l.HealAs(ctx, o.key)
	})
}

// chosen gives the cluster's links that are picked.
func chosen(c cluster.Cluster, pick func(*link.Link) bool) []*link.Link {
	var out []*link.Link
	for _, l := range c.Links().All() {
		if pick(l) {
			out = append(out, l)
		}
	}
	return out
}

// cut makes a fault that cuts the chosen links.
func cut(name string, m link.Mode, pick func(l *link.Link) bool) Fault {
	return onLinks{
		name: name, action: string(m), key: new(int), pick: pick,
		bite: func(ctx context.Context, l *link.Link, key any) (proof.Evidence, error) { return l.CutAs(ctx, key, m) },
	}
}

// shaped makes a fault that gives the chosen links the shape.
func shaped(name string, s link.Shape, pick func(l *link.Link) bool) Fault {
	return onLinks{
		name: name, action: "shape", key: new(int), pick: pick,
		bite: func(ctx context.Context, l *link.Link, key any) (proof.Evidence, error) {
			return l.ShapeAs(ctx, key, s)
		},
	}
}
