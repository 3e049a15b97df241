package docker

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/client"

	"raftkv/harness/cluster"
)

// runNodes makes every node's volume and container at once and waits for all.
func (c *Cluster) runNodes(ctx context.Context) error {
	errs := make([]error, c.spec.Nodes)
	var wg sync.WaitGroup
	for i, id := range c.Nodes() {
		wg.Go(func() { errs[i] = c.runNode(ctx, c.nodes[id]) })
	}
	wg.Wait()
	return cluster.FirstOf(errs)
}

func (c *Cluster) runNode(ctx context.Context, n *node) error {
	name := c.nodeName(n.id)
	data, err := c.dataOf(ctx, n.id, name)
	if err != nil {
		return err
	}
	if n.machine, err = c.runMachine(ctx, n, name+"-machine"); err != nil {
		return err
	}
	events := ""
	if c.spec.Events {
		events = eventsPath
	}
	spec := c.spec.Node(cluster.Node{
		ID: n.id, Events: events, Data: dataDir, Peers: c.peersOf(n.id), Advertise: c.ClientAddr(n.id),
		Client: anyAddr(clientPort), Peer: anyAddr(peerPort), Admin: anyAddr(adminPort),
	})
	id, err := c.runBox(ctx, box{
		name: name, image: c.nodeImage, args: spec.Args(), env: spec.Env(), data: data, inside: n.machine,
	})
	if err != nil {
		return err
	}
	n.container = id
	ctx, cancel := context.WithTimeout(ctx, cluster.NodeTimeout)
	defer cancel()
	return cluster.WaitHealthy(ctx, n.adminAt, func() error { return c.gone(ctx, n) })
}

// nodeName is the name of a node's container, and of its volume.
func (c *Cluster) nodeName(id int) string { return fmt.Sprintf("raftkv-%s-n%d", c.id, id) }

// dataOf is the node's own disk, or else a volume of the engine's, which is made.
func (c *Cluster) dataOf(ctx context.Context, id int, name string) (mount.Mount, error) {
	if v := c.disks.Volume(id); v != nil {
		return mount.Mount{Type: mount.TypeBind, Source: v.Dir(), Target: dataDir}, nil
	}
	if _, err := c.cli.VolumeCreate(ctx, client.VolumeCreateOptions{Name: name, Labels: c.labels}); err != nil {
		return mount.Mount{}, fmt.Errorf("make volume %s: %w", name, err)
	}
	return mount.Mount{Type: mount.TypeVolume, Source: name, Target: dataDir}, nil
}

// runMachine starts a container that does nothing but hold the network that the
// node's container shares, and gives its id. So the network outlives a killed
// node as a machine outlives a process: a dial is refused at once. Were the
// address to vanish with the node, a proxy would wait for many seconds in a dial
// that nobody answers, and take no other call meanwhile, even after the node's
// return. The program is Toxiproxy's because it is at hand; it has no proxies.
func (c *Cluster) runMachine(ctx context.Context, n *node, name string) (string, error) {
	return c.runBox(ctx, box{
		name: name, image: c.proxyImage, args: []string{"-host=127.0.0.1"},
		address: addrIn(c.subnet, hostNode+n.id), published: map[uint16]int{adminPort: n.adminPort},
	})
}

func anyAddr(port int) string { return fmt.Sprintf("0.0.0.0:%d", port) }

// stateOf asks the engine, which knows of kills and pauses by others as well.
func (c *Cluster) stateOf(ctx context.Context, n *node) (cluster.NodeState, error) {
	ctx, cancel := context.WithTimeout(ctx, cluster.NodeTimeout)
	defer cancel()
	r, err := c.cli.ContainerInspect(ctx, n.container, client.ContainerInspectOptions{})
	if err != nil {
		return cluster.NodeState{}, fmt.Errorf("inspect n%d: %w", n.id, err)
	}
	st := r.Container.State
	if st == nil {
		return cluster.NodeState{}, fmt.Errorf("inspect n%d: the engine gave no state", n.id)
	}
	s := cluster.NodeState{Phase: cluster.Exited, ExitCode: st.ExitCode, Detail: "container is " + string(st.Status)}
	switch st.Status {
	case container.StateRunning:
		s.Phase, s.ExitCode = cluster.Running, 0
	case container.StatePaused:
		s.Phase, s.ExitCode = cluster.Paused, 0
	}
	return s, nil
}

// gone says, as an error with the node's last line, that the container exited.
func (c *Cluster) gone(ctx context.Context, n *node) error {
	s, err := c.stateOf(ctx, n)
	if err != nil || s.Phase != cluster.Exited {
		return nil // an engine that is slow to answer is not an exit
	}
	return fmt.Errorf("the node %s: %s", s, c.lastLine(ctx, n))
}

// phaseEvery spaces the looks at a container that is changing state.
const phaseEvery = 10 * time.Millisecond

// awaitPhase looks until the container is in the phase.
func (c *Cluster) awaitPhase(ctx context.Context, n *node, want cluster.Phase) (cluster.NodeState, error) {
	tick := time.NewTicker(phaseEvery)
	defer tick.Stop()
	for {
		s, err := c.stateOf(ctx, n)
		if err == nil && s.Phase == want {
			return s, nil
		}
		select {
		case <-ctx.Done():
			return s, fmt.Errorf("wait for phase %s, it is %s: %w", want, s, errors.Join(ctx.Err(), err))
		case <-tick.C:
		}
	}
}

// alive says whether the container runs and its admin page answers, which does
// not go through a proxy.
func (c *Cluster) alive(ctx context.Context, id int) bool {
	n := c.nodes[id]
	s, err := c.stateOf(ctx, n)
	if err != nil || s.Phase != cluster.Running {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, cluster.AliveTimeout)
	defer cancel()
	return cluster.WaitHealthy(ctx, n.adminAt, func() error { return nil }) == nil
}
