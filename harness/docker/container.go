package docker

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"strconv"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/api/types/network"
	"github.com/testcontainers/testcontainers-go"
)

// box is a container to be.
type box struct {
	name, image string
	args        []string
	env         map[string]string
	data        mount.Mount // at dataDir; the zero value if there is none

	// inside is the container whose network this one shares. If it is empty the
	// container has a network of its own, with the two fields below.
	inside    string
	address   netip.Addr     // on the data network
	published map[uint16]int // container port to port on 127.0.0.1
}

// dataDir is where a node has its data.
const dataDir = "/data"

// runBox creates and starts the container and gives its id. An id may come with an
// error: the container exists then, and is found by its label.
func (c *Cluster) runBox(ctx context.Context, b box) (string, error) {
	ctr, err := testcontainers.Run(ctx, b.image, c.customize(b))
	if err != nil {
		return "", fmt.Errorf("run container %s: %w", b.name, err)
	}
	if ctr == nil {
		return "", fmt.Errorf("run container %s: %w", b.name, errors.New("testcontainers gave no container"))
	}
	return ctr.GetContainerID(), nil
}

// customize fills in testcontainers' request.
func (c *Cluster) customize(b box) testcontainers.CustomizeRequestOption {
	return func(req *testcontainers.GenericContainerRequest) error {
		req.Name, req.Cmd, req.Env = b.name, b.args, b.env
		req.Labels = maps.Clone(c.labels)
		if b.inside == "" {
			c.attach(req, b)
		}
		req.ConfigModifier = func(c *container.Config) { c.User = "0" } // a new volume is root's
		req.HostConfigModifier = func(h *container.HostConfig) {
			h.NetworkMode = container.NetworkMode(c.dataNet)
			h.PortBindings = bindings(b.published)
			if b.inside != "" {
				h.NetworkMode = container.NetworkMode("container:" + b.inside)
			}
			if b.data.Source != "" {
				h.Mounts = []mount.Mount{b.data}
			}
		}
		return nil
	}
}

// attach joins the container to both networks. The data network comes first: a
// fixed address can be given for the first only. It is internal, so the ports
// are published on the second.
func (c *Cluster) attach(req *testcontainers.GenericContainerRequest, b box) {
	req.Networks = []string{c.dataNet, c.controlNet}
	req.EndpointSettingsModifier = fixedAddress(c.dataNet, b.address)
	for port := range b.published {
		req.ExposedPorts = append(req.ExposedPorts, strconv.Itoa(int(port))+"/tcp")
	}
}

// bindings publishes ports on the loopback address only.
func bindings(published map[uint16]int) network.PortMap {
	out := network.PortMap{}
	for inside, outside := range published {
		if p, ok := network.PortFrom(inside, network.TCP); ok {
			out[p] = []network.PortBinding{{HostIP: loopback, HostPort: strconv.Itoa(outside)}}
		}
	}
	return out
}

var loopback = netip.AddrFrom4([4]byte{127, 0, 0, 1})
