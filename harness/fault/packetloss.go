package fault

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"raftkv/harness/cluster"
	"raftkv/harness/link"
	"raftkv/harness/proof"
)

type packetLoss struct {
	percent int
	ids     []int
	key     *int // of no layer of any link: see Heal
}

// PacketLoss drops percent of the IP packets between each of the nodes and its
// peers, on their way in and on their way out: TCP sends them again, later and later
// as more are lost. It holds on over restarts of the nodes. Two of one node may not
// overlap.
func PacketLoss(percent int, ids ...int) Fault {
	return Needing(packetLoss{percent, ids, new(int)}, canDropPackets())
}

// Name implements Fault.
func (p packetLoss) Name() string {
	return fmt.Sprintf("%d%% of the packets between %s and peers dropped", p.percent, names(p.ids))
}

// Inject implements Fault.
func (p packetLoss) Inject(ctx context.Context, c cluster.Cluster) (proof.Evidence, error) {
	return onNodes(ctx, "drop packets", p.ids, func(ctx context.Context, id int) (proof.Evidence, error) {
		d, _ := cluster.As[cluster.PacketDropper](c) // canDropPackets has seen to it
		return d.DropPackets(ctx, id, p.percent)
	})
}

// Heal implements Fault. Beside the rules' end it proves that the links to the nodes
// are as if it had never been: that they answer, unless another fault has them.
func (p packetLoss) Heal(ctx context.Context, c cluster.Cluster) (proof.Evidence, error) {
	start := time.Now()
	rules, gone := onNodes(ctx, "pass packets", p.ids, func(ctx context.Context, id int) (proof.Evidence, error) {
		d, _ := cluster.As[cluster.PacketDropper](c)
		return d.PassPackets(ctx, id)
	})
	to := chosen(c, func(l *link.Link) bool { return l.From() != link.FromClients && slices.Contains(p.ids, l.To()) })
	links, silent := link.Each(ctx, "heal", "links to "+names(p.ids), to, func(l *link.Link, ctx context.Context) (proof.Evidence, error) {
		return l.HealAs(ctx, p.key)
	})
	e := proof.Join("heal", p.Name(), rules, links)
	e.Took = time.Since(start)
	return e, errors.Join(gone, silent)
}

// canDropPackets is the need of PacketLoss.
func canDropPackets() Need {
	return Need{Name: "rules that drop packets", Probe: func(ctx context.Context, c cluster.Cluster) error {
		d, ok := cluster.As[cluster.PacketDropper](c)
		if !ok {
			return fmt.Errorf("the %s driver's nodes have no network of their own: processes share the host's", c.Name())
		}
		return d.CanDropPackets(ctx)
	}}
}
