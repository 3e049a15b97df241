package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"raftkv/harness/cluster"
	"raftkv/harness/disk"
	"raftkv/harness/link"
	"raftkv/harness/ports"
)

// Name is this driver's name.
const Name = "process"

// Cluster is a cluster of local processes. It implements cluster.Cluster.
type Cluster struct {
	spec    cluster.Spec
	dir     string
	tempDir string // dir, if it is ours to remove
	nodes   map[int]*node
	ends    map[[2]int]link.Endpoint // by (from, to)

	ports   *ports.Block
	run     *runFile
	disks   *disk.Set // nil if the data is in plain folders
	proxies *proxyServer
	spawner *spawner
	links   *link.Set

	closeOnce sync.Once
	closeErr  error
}

var _ cluster.Cluster = (*Cluster)(nil)

// Start starts every node and every link, waits until the nodes are healthy
// and the links answer, and gives the cluster. On an error everything is gone
// again.
func Start(ctx context.Context, spec cluster.Spec) (*Cluster, error) {
	spec, err := spec.Check()
	if err != nil {
		return nil, err
	}
	if spec.Image != "" {
		return nil, cluster.ErrImage
	}
	if _, err := Sweep(); err != nil {
		return nil, err
	}
	_, _ = disk.Sweep() // what cannot be unmounted now does not stand in the way
	c := &Cluster{spec: spec, nodes: map[int]*node{}, ends: map[[2]int]link.Endpoint{}}
	ctx, cancel := context.WithTimeout(ctx, cluster.StartTimeout)
	defer cancel()
	if err := c.start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("start local processes: %w", err), c.Close(ctx))
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context) error {
	for _, step := range []func(context.Context) error{c.openDir, c.openDisks, c.plan, c.openLinks, c.launchAll} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	_, err := c.links.HealAll(ctx) // proves that every link answers
	return err
}

// openDir makes the folders and the run file.
func (c *Cluster) openDir(context.Context) (err error) {
	dir := c.spec.Dir
	if dir == "" {
		if dir, err = os.MkdirTemp("", tempPrefix); err != nil {
			return err
		}
	}
	if c.dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	if c.spec.Dir == "" {
		c.tempDir = c.dir
	}
	if c.run, err = newRunFile(c.tempDir); err != nil {
		return err
	}
	return os.MkdirAll(filepath.Join(c.dir, "logs"), 0o755)
}

// openDisks makes the volumes that the spec asks for.
func (c *Cluster) openDisks(context.Context) (err error) {
	if c.spec.Disks == disk.Plain {
		return nil
	}
	c.disks, err = disk.Open(c.spec.Disks, c.spec.IDs())
	return err
}

// dataDir is where a node's data goes.
func (c *Cluster) dataDir(id int) string {
	if v := c.disks.Volume(id); v != nil {
		return v.Dir()
	}
	return filepath.Join(c.dir, fmt.Sprintf("n%d", id))
}

// plan reserves every port and lays out nodes and links.
func (c *Cluster) plan(context.Context) (err error) {
	n := c.spec.Nodes
	if c.ports, err = ports.Reserve(3*n + n*n + 1); err != nil {
		return err
	}
	for _, id := range c.spec.IDs() {
		if c.nodes[id], err = c.planNode(id); err != nil {
			return err
		}
	}
	for _, from := range append([]int{link.FromClients}, c.spec.IDs()...) {
		for _, to := range c.spec.IDs() {
			if err := c.planLink(from, to); err != nil {
				return err
			}
		}
	}
	for id, n := range c.nodes {
		n.Advertise = c.ClientAddr(id)
		n.Peers = c.peersOf(id)
	}
	return nil
}

func (c *Cluster) planNode(id int) (*node, error) {
	var addrs [3]string
	for i := range addrs {
		a, err := c.ports.Addr()
		if err != nil {
			return nil, err
		}
		addrs[i] = a
	}
	name := fmt.Sprintf("n%d", id)
	events := ""
	if c.spec.Events {
		events = filepath.Join(c.dir, "logs", cluster.EventsName(id))
	}
	return &node{
		Node: c.spec.Node(cluster.Node{
			ID: id, Data: c.dataDir(id), Client: addrs[0], Peer: addrs[1], Admin: addrs[2], Events: events,
		}),
		binary: c.spec.Binary, logPath: filepath.Join(c.dir, "logs", name+".log"), adminAt: "http://" + addrs[2],
	}, nil
}

func (c *Cluster) planLink(from, to int) error {
	if from == to {
		return nil
	}
	addr, err := c.ports.Addr()
	if err != nil {
		return err
	}
	up := c.nodes[to].Peer
	if from == link.FromClients {
		up = c.nodes[to].Client
	}
	c.ends[[2]int{from, to}] = link.Endpoint{Listen: addr, Upstream: up, Dial: addr}
	return nil
}

// peersOf gives --peers as the node dials them: through its own links.
func (c *Cluster) peersOf(id int) string {
	var parts []string
	for _, to := range c.spec.IDs() {
		addr := c.nodes[to].Peer
		if to != id {
			addr = c.ends[[2]int{id, to}].Dial
		}
		parts = append(parts, fmt.Sprintf("%d=%s", to, addr))
	}
	return strings.Join(parts, ",")
}

// openLinks starts Toxiproxy and makes the links.
func (c *Cluster) openLinks(ctx context.Context) error {
	addr, err := c.ports.Addr()
	if err != nil {
		return err
	}
	if c.proxies, err = startProxyServer(addr); err != nil {
		return err
	}
	c.links, err = link.New(ctx, link.Config{
		API: addr, Nodes: c.Nodes(), Alive: c.alive, Restart: c.proxies.restart,
		Endpoint: func(from, to int) link.Endpoint { return c.ends[[2]int{from, to}] },
	})
	return err
}

// launchAll starts the nodes at once and waits for all of them.
func (c *Cluster) launchAll(ctx context.Context) error {
	c.spawner = newSpawner()
	errs := make([]error, c.spec.Nodes)
	var wg sync.WaitGroup
	for i, id := range c.Nodes() {
		wg.Go(func() { _, errs[i] = c.Start(ctx, id) })
	}
	wg.Wait()
	return cluster.FirstOf(errs)
}

// alive says whether the node's process runs and its peer port answers without
// a proxy in between.
func (c *Cluster) alive(ctx context.Context, id int) bool {
	n := c.nodes[id]
	s, err := n.state()
	return err == nil && s.Phase == cluster.Running &&
		link.Ping(ctx, n.Peer, cluster.AliveTimeout, 0).Kind == link.Answered
}

// Name implements cluster.Cluster.
func (c *Cluster) Name() string { return Name }

// Nodes implements cluster.Cluster.
func (c *Cluster) Nodes() []int { return c.spec.IDs() }

// ClientAddr implements cluster.Cluster.
func (c *Cluster) ClientAddr(id int) string { return c.ends[[2]int{link.FromClients, id}].Dial }

// AdminURL implements cluster.Cluster.
func (c *Cluster) AdminURL(id int) string {
	if n := c.nodes[id]; n != nil {
		return n.adminAt
	}
	return ""
}

// Links implements cluster.Cluster.
func (c *Cluster) Links() *link.Set { return c.links }

// Status implements cluster.Cluster.
func (c *Cluster) Status(ctx context.Context, id int) (cluster.Status, error) {
	if c.nodes[id] == nil {
		return cluster.Status{}, fmt.Errorf("status of n%d: %w", id, cluster.ErrNoNode)
	}
	return cluster.FetchStatus(ctx, c.AdminURL(id))
}

// SaveLogs implements cluster.Cluster.
func (c *Cluster) SaveLogs(_ context.Context, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("save logs: %w", err)
	}
	var errs []error
	for _, id := range c.Nodes() {
		n := c.nodes[id]
		errs = append(errs, copyFile(n.logPath, filepath.Join(dir, fmt.Sprintf("n%d.log", id))))
		if n.Events != "" {
			errs = append(errs, copyFile(n.Events, filepath.Join(dir, cluster.EventsName(id))))
		}
	}
	return errors.Join(errs...)
}
