package docker

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/moby/moby/client"

	"raftkv/harness/cluster"
	"raftkv/harness/proof"
	"raftkv/harness/wipe"
)

var _ cluster.Wiper = (*Cluster)(nil)

// nothingThere is what the program that empties a volume exits with if there was
// nothing in it.
const nothingThere = 2

// Wipe implements cluster.Wiper. A disk of the node's own is emptied here, and looked
// at from both sides. A volume of the engine's is emptied by a container: the node's
// has no shell, does not run, and keeps its log and its events.
func (c *Cluster) Wipe(ctx context.Context, id int) (proof.Evidence, error) {
	return c.operate(ctx, "empty", id, func(ctx context.Context, n *node) (string, error) {
		s, err := c.stateOf(ctx, n)
		if err != nil {
			return "", err
		}
		if s.Phase != cluster.Exited {
			return "", fmt.Errorf("the node is %s", s)
		}
		v := c.disks.Volume(id)
		if v == nil {
			return c.wipeVolume(ctx, n)
		}
		if err := v.Ready(); err != nil {
			return "", err
		}
		seen, err := wipe.Folder(c.DataDir(id))
		if errors.Is(err, wipe.ErrEmpty) {
			return "", fmt.Errorf("%w: %w", proof.ErrUnseen, err)
		}
		return seen, errors.Join(err, wipe.Check(v.Dir()))
	})
}

// wipeVolume runs a container that empties the node's volume, and gives its words. It
// is inside the network that the node shares, so that it has none of its own.
func (c *Cluster) wipeVolume(ctx context.Context, n *node) (string, error) {
	data, err := c.dataOf(ctx, n.id, c.nodeName(n.id))
	if err != nil {
		return "", err
	}
	id, err := c.runBox(ctx, box{
		name: c.nodeName(n.id) + "-wipe", image: c.proxyImage, args: []string{"-empty=" + dataDir}, data: data, inside: n.machine,
	})
	if err != nil {
		return "", err
	}
	helper := &node{id: n.id, container: id}
	seen, err := c.wiped(ctx, helper)
	_, gone := c.cli.ContainerRemove(context.WithoutCancel(ctx), id, client.ContainerRemoveOptions{Force: true})
	return seen, errors.Join(err, gone)
}

// wiped waits for the container's end, and reads how it went.
func (c *Cluster) wiped(ctx context.Context, helper *node) (string, error) {
	s, err := c.awaitPhase(ctx, helper, cluster.Exited)
	if err != nil {
		return "", err
	}
	var words bytes.Buffer
	if err := c.readLog(ctx, helper, "all", &words); err != nil {
		return "", err
	}
	seen := string(bytes.TrimSpace(words.Bytes()))
	switch s.ExitCode {
	case 0:
		return seen, nil
	case nothingThere:
		return "", fmt.Errorf("%w: %s", proof.ErrUnseen, seen)
	default:
		return "", errors.New(seen)
	}
}
