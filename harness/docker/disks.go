package docker

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/moby/moby/client"

	"raftkv/harness/cluster"
	"raftkv/harness/disk"
	"raftkv/harness/proof"
)

var _ cluster.Disked = (*Cluster)(nil)

var errPlain = errors.New("its data is in a volume of the engine's")

// openDisks makes the volumes that the spec asks for. They are mounted on this
// host; a node's container gets its own by a bind mount, which the engine looks up
// anew at every start, so a node finds what is mounted there by then.
func (c *Cluster) openDisks(context.Context) (err error) {
	if c.spec.Disks == disk.Plain {
		return nil
	}
	if c.disks, err = disk.Open(c.spec.Disks, c.spec.IDs()); err != nil {
		return err
	}
	for _, id := range c.spec.IDs() {
		if err := os.MkdirAll(c.disks.Volume(id).Dir(), 0o755); err != nil { // what is bound has to be there
			return fmt.Errorf("make the data folder of n%d: %w", id, err)
		}
	}
	return nil
}

// Volume implements cluster.Disked.
func (c *Cluster) Volume(id int) disk.Volume { return c.disks.Volume(id) }

// DataDir implements cluster.Disked: nothing if the data is in the engine's volumes.
func (c *Cluster) DataDir(id int) string {
	switch v := c.disks.Volume(id).(type) {
	case nil:
		return ""
	case disk.Troubled:
		return v.Behind()
	default:
		return v.Dir()
	}
}

// CutPower implements cluster.Disked. The process goes first, so that it never sees
// the disk fail: with the power gone it would not.
func (c *Cluster) CutPower(ctx context.Context, id int) (proof.Evidence, error) {
	return c.operate(ctx, "cut power", id, func(ctx context.Context, n *node) (string, error) {
		v := c.disks.Volume(id)
		if v == nil {
			return "", errPlain
		}
		s, err := c.stateOf(ctx, n)
		if err != nil {
			return "", err
		}
		if s.Phase != cluster.Exited {
			if _, err := c.cli.ContainerKill(ctx, n.container, client.ContainerKillOptions{Signal: "SIGKILL"}); err != nil {
				return "", fmt.Errorf("send SIGKILL: %w", err)
			}
		}
		if err := v.CutPower(); err != nil {
			return "", err
		}
		if _, err := c.awaitPhase(ctx, n, cluster.Exited); err != nil {
			return "", err
		}
		return v.Restore()
	})
}

// Shares says, as an error, why the engine's containers cannot have a folder of
// this host: it runs somewhere else, where our mounts are not.
func Shares() error {
	ctx, cancel := context.WithTimeout(context.Background(), probeTimeout)
	defer cancel()
	cli, err := connect(ctx)
	if err != nil {
		return err
	}
	defer cli.Close()
	info, err := cli.Info(ctx, client.InfoOptions{})
	if err != nil {
		return noDocker(err)
	}
	here, err := os.Hostname()
	if err != nil {
		return err
	}
	if info.Info.Name != here {
		return fmt.Errorf("the engine runs on %s and not here on %s: its containers do not see our disks", info.Info.Name, here)
	}
	return nil
}
