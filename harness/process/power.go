package process

import (
	"context"
	"errors"
	"syscall"

	"raftkv/harness/cluster"
	"raftkv/harness/disk"
	"raftkv/harness/proof"
)

var _ cluster.Disked = (*Cluster)(nil)

var errPlain = errors.New("its data is in a plain folder")

// Volume implements cluster.Disked.
func (c *Cluster) Volume(id int) disk.Volume { return c.disks.Volume(id) }

// DataDir implements cluster.Disked.
func (c *Cluster) DataDir(id int) string {
	if v, ok := c.disks.Volume(id).(disk.Troubled); ok {
		return v.Behind()
	}
	return c.dataDir(id)
}

// CutPower implements cluster.Disked.
func (c *Cluster) CutPower(ctx context.Context, id int) (proof.Evidence, error) {
	return c.operate(ctx, "cut power", id, func(ctx context.Context, n *node) (string, error) {
		v := c.disks.Volume(id)
		if v == nil {
			return "", errPlain
		}
		return n.cutPower(ctx, v)
	})
}

// cutPower takes processor and disk from the node within the same millisecond.
// The process goes first, so that it never sees the disk fail: with the power
// gone it would not. If it is in the midst of a sync, that succeeds or not.
func (n *node) cutPower(ctx context.Context, v disk.Volume) (string, error) {
	if err := n.signal(syscall.SIGKILL); err != nil && !errors.Is(err, errNotRunning) {
		return "", err
	}
	if err := v.CutPower(); err != nil {
		return "", err
	}
	if err := n.awaitExit(ctx); err != nil {
		return "", err
	}
	return v.Restore()
}
