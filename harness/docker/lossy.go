package docker

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/moby/moby/client"

	"raftkv/harness/cluster"
	"raftkv/harness/link"
	"raftkv/harness/packets"
	"raftkv/harness/proof"
)

// askEvery spaces the pings that give a node packets to lose, on each link.
const askEvery = 5 * time.Millisecond

var (
	_ cluster.PacketDropper = (*Cluster)(nil)

	errNoMachine = errors.New("the container that holds the node's network does not run")
)

// CanDropPackets implements cluster.PacketDropper by a trial in one node's network.
func (c *Cluster) CanDropPackets(ctx context.Context) error {
	n := c.nodes[c.Nodes()[0]]
	ns, err := c.namespace(ctx, n)
	if err != nil {
		return err
	}
	var path *fs.PathError
	switch err = ns.Works(); {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("it takes root on the engine's host: %w", err)
	case errors.As(err, &path):
		return fmt.Errorf("the engine's processes are not seen here: %w", err)
	}
	return err
}

// DropPackets implements cluster.PacketDropper by rules in the network that the
// node's container shares, which outlives it.
func (c *Cluster) DropPackets(ctx context.Context, id, percent int) (proof.Evidence, error) {
	return c.operate(ctx, "drop packets", id, func(ctx context.Context, n *node) (string, error) {
		ns, err := c.namespace(ctx, n)
		if err != nil {
			return "", err
		}
		if err := ns.Lose(c.traffic(id), percent); err != nil {
			return "", err
		}
		tally, err := c.seenLossy(ctx, ns, id, percent)
		if err == nil && !lossy(tally) {
			err = fmt.Errorf("rules read back; %s: %w", tally, proof.ErrUnseen)
		}
		return "rules read back; " + tally.String(), err
	})
}

// PassPackets implements cluster.PacketDropper.
func (c *Cluster) PassPackets(ctx context.Context, id int) (proof.Evidence, error) {
	return c.operate(ctx, "pass packets", id, func(ctx context.Context, n *node) (string, error) {
		ns, err := c.namespace(ctx, n)
		if errors.Is(err, errNoMachine) {
			return "the network is gone, and the rules with it", nil
		}
		if err != nil {
			return "", err
		}
		tally, err := ns.Pass()
		return "the rules are gone; " + tally.String(), err
	})
}

// namespace gives the network that the node's container shares.
func (c *Cluster) namespace(ctx context.Context, n *node) (packets.Namespace, error) {
	ctx, cancel := context.WithTimeout(ctx, cluster.NodeTimeout)
	defer cancel()
	r, err := c.cli.ContainerInspect(ctx, n.machine, client.ContainerInspectOptions{})
	if err != nil {
		return packets.Namespace{}, fmt.Errorf("inspect the machine of n%d: %w", n.id, err)
	}
	if s := r.Container.State; s == nil || s.Pid == 0 {
		return packets.Namespace{}, fmt.Errorf("n%d: %w", n.id, errNoMachine)
	}
	return packets.Namespace{PID: r.Container.State.Pid, Has: addrIn(c.subnet, hostNode+n.id)}, nil
}

// traffic is what the node and its peers say to each other. Toxiproxy dials the
// peer port inside its accept loop, and a lost SYN would stop that link, and every
// edit of it, for a second or more: those always pass.
func (c *Cluster) traffic(id int) packets.Traffic {
	ids := c.Nodes()
	return packets.Traffic{Served: peerPort, Dialled: [2]uint16{proxyPort(id, ids[0]), proxyPort(id, ids[len(ids)-1])}}
}

// seenLossy pings the node through its links until packets were lost both ways or
// the time is up, and gives the counts. An error is that they cannot be read.
func (c *Cluster) seenLossy(ctx context.Context, ns packets.Namespace, id, percent int) (packets.Tally, error) {
	asking, cancel := context.WithCancel(ctx)
	defer cancel()
	for _, l := range c.links.Into(id) {
		go ask(asking, l)
	}
	tick := time.NewTicker(phaseEvery)
	defer tick.Stop()
	for {
		tally, err := ns.Tally(c.traffic(id), percent)
		if err != nil || lossy(tally) {
			return tally, err
		}
		select {
		case <-ctx.Done():
			return tally, nil
		case <-tick.C:
		}
	}
}

// lossy tells whether packets were lost both ways.
func lossy(t packets.Tally) bool { return t.In.Dropped > 0 && t.Out.Dropped > 0 }

// ask pings the link over and over: whatever the answer, it is packets.
func ask(ctx context.Context, l *link.Link) {
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		_ = link.Ping(ctx, l.Addr(), cluster.StatusTimeout, 0)
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}
