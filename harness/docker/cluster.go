package docker

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/moby/moby/client"

	"raftkv/harness/cluster"
	"raftkv/harness/disk"
	"raftkv/harness/link"
	"raftkv/harness/owner"
	"raftkv/harness/ports"
)

// labelRun is the label with the run's id, on everything a cluster makes.
const labelRun = "raftkv.run"

// Ports inside the containers, the same in each.
const (
	clientPort = 7001
	peerPort   = 8001
	adminPort  = 9001
	apiPort    = 8474
)

// Cluster is a cluster of containers. It implements cluster.Cluster.
type Cluster struct {
	spec   cluster.Spec
	cli    *client.Client
	id     string
	labels map[string]string

	nodeImage, proxyImage string
	dataNet, controlNet   string
	subnet                netip.Prefix
	ports                 *ports.Block

	disks   *disk.Set // nil if the data is in the engine's volumes
	nodes   map[int]*node
	proxies map[uint16]int // Toxiproxy's ports inside to those on 127.0.0.1
	proxy   string         // its container's id
	links   *link.Set

	closeOnce sync.Once
	closeErr  error
}

// node is one member and its container, which stays the same over restarts.
type node struct {
	id        int
	container string
	machine   string // the container that holds its network
	adminAt   string
	adminPort int
	op        sync.Mutex // keeps operations on the node apart
}

var _ cluster.Cluster = (*Cluster)(nil)

// Start builds what images are missing, starts Toxiproxy and every node, waits
// until the nodes are healthy and the links answer, and gives the cluster. On
// an error everything is gone again.
func Start(ctx context.Context, spec cluster.Spec) (*Cluster, error) {
	spec, err := spec.Check()
	if err != nil {
		return nil, err
	}
	if spec.Proxy == "" {
		return nil, errors.New("no path of the toxiproxy-server program given")
	}
	cli, err := connect(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := sweep(ctx, cli); err != nil {
		return nil, errors.Join(fmt.Errorf("remove what dead runs left: %w", err), cli.Close())
	}
	_, _ = disk.Sweep() // what cannot be unmounted now does not stand in the way
	c := &Cluster{spec: spec, cli: cli, nodes: map[int]*node{}, proxies: map[uint16]int{}}
	ctx, cancel := context.WithTimeout(ctx, cluster.StartTimeout)
	defer cancel()
	if err := c.start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("start containers: %w", err), c.Close(ctx))
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context) error {
	for _, step := range []func(context.Context) error{
		c.identify, c.openDisks, c.plan, c.ensureImages, c.makeNetworks, c.runProxy, c.runNodes,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	_, err := c.links.HealAll(ctx) // proves that every link answers
	return err
}

// unsafeName is what may not be in a container's name.
var unsafeName = regexp.MustCompile(`[^a-zA-Z0-9_.-]+`)

// identify names the run and makes its labels.
func (c *Cluster) identify(context.Context) error {
	self, err := owner.Self()
	if err != nil {
		return err
	}
	random := make([]byte, 4)
	_, _ = rand.Read(random) // never fails
	c.id = unsafeName.ReplaceAllString(c.spec.Name, "-") + "-" + hex.EncodeToString(random)
	c.labels = self.Labels()
	maps.Copy(c.labels, map[string]string{
		labelRun: c.id, "raftkv.name": c.spec.Name, "raftkv.seed": strconv.FormatInt(c.spec.Seed, 10),
	})
	return nil
}

// plan reserves every published port.
func (c *Cluster) plan(context.Context) (err error) {
	n := c.spec.Nodes
	if c.ports, err = ports.Reserve(n*n + n + 1); err != nil {
		return err
	}
	inside := []uint16{apiPort}
	for _, to := range c.spec.IDs() {
		inside = append(inside, proxyPort(link.FromClients, to))
		for _, from := range cluster.Others(c, to) {
			inside = append(inside, proxyPort(from, to))
		}
	}
	for _, p := range inside {
		if c.proxies[p], err = c.ports.Next(); err != nil {
			return err
		}
	}
	for _, id := range c.spec.IDs() {
		port, err := c.ports.Next()
		if err != nil {
			return err
		}
		c.nodes[id] = &node{id: id, adminPort: port, adminAt: fmt.Sprintf("http://127.0.0.1:%d", port)}
	}
	return nil
}

// proxyPort is where the link's proxy listens inside Toxiproxy's container:
// 20102 is 1->2, 20002 is c->2.
func proxyPort(from, to int) uint16 { return uint16(20000 + 100*from + to) }

func (c *Cluster) ensureImages(ctx context.Context) (err error) {
	if c.nodeImage = c.spec.Image; c.nodeImage != "" {
		err = needImage(ctx, c.cli, c.nodeImage)
	} else {
		c.nodeImage, err = ensureImage(ctx, c.cli, "node", c.spec.Binary)
	}
	if err != nil {
		return err
	}
	c.proxyImage, err = ensureImage(ctx, c.cli, "toxiproxy", c.spec.Proxy)
	return err
}

func (c *Cluster) makeNetworks(ctx context.Context) (err error) {
	if c.dataNet, c.subnet, err = newNetwork(ctx, true, c.labels); err != nil {
		return err
	}
	c.controlNet, _, err = newNetwork(ctx, false, c.labels)
	return err
}

// runProxy starts Toxiproxy and makes the links.
func (c *Cluster) runProxy(ctx context.Context) (err error) {
	c.proxy, err = c.runBox(ctx, box{
		name: "raftkv-" + c.id + "-toxiproxy", image: c.proxyImage, address: addrIn(c.subnet, hostProxy),
		args: []string{"-host=0.0.0.0"}, published: c.proxies,
	})
	if err != nil {
		return err
	}
	if err := c.awaitProxy(ctx); err != nil {
		return err
	}
	c.links, err = link.New(ctx, link.Config{
		API: c.published(apiPort), Nodes: c.Nodes(), Endpoint: c.endpoint, Alive: c.alive, Restart: c.restartProxy,
	})
	return err
}

// published gives 127.0.0.1:port for a port of Toxiproxy's container.
func (c *Cluster) published(inside uint16) string {
	return fmt.Sprintf("127.0.0.1:%d", c.proxies[inside])
}

// endpoint gives the addresses of a link.
func (c *Cluster) endpoint(from, to int) link.Endpoint {
	port, up := proxyPort(from, to), peerPort
	if from == link.FromClients {
		up = clientPort
	}
	return link.Endpoint{
		Listen:   fmt.Sprintf("0.0.0.0:%d", port),
		Upstream: fmt.Sprintf("%s:%d", addrIn(c.subnet, hostNode+to), up),
		Dial:     c.published(port),
	}
}

// peersOf gives --peers as the node dials them: through its own links.
func (c *Cluster) peersOf(id int) string {
	var parts []string
	for _, to := range c.spec.IDs() {
		addr := fmt.Sprintf("%s:%d", addrIn(c.subnet, hostNode+to), peerPort)
		if to != id {
			addr = fmt.Sprintf("%s:%d", addrIn(c.subnet, hostProxy), proxyPort(id, to))
		}
		parts = append(parts, fmt.Sprintf("%d=%s", to, addr))
	}
	return strings.Join(parts, ",")
}

// Name implements cluster.Cluster.
func (c *Cluster) Name() string { return Name }

// Nodes implements cluster.Cluster.
func (c *Cluster) Nodes() []int { return c.spec.IDs() }

// ClientAddr implements cluster.Cluster.
func (c *Cluster) ClientAddr(id int) string { return c.published(proxyPort(link.FromClients, id)) }

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
