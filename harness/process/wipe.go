package process

import (
	"context"
	"errors"
	"fmt"

	"raftkv/harness/cluster"
	"raftkv/harness/proof"
	"raftkv/harness/wipe"
)

var _ cluster.Wiper = (*Cluster)(nil)

// Wipe implements cluster.Wiper. On a disk of the node's own its folder is looked at
// from both sides: as it lies there, and as the node will see it.
func (c *Cluster) Wipe(ctx context.Context, id int) (proof.Evidence, error) {
	return c.operate(ctx, "empty", id, func(_ context.Context, n *node) (string, error) {
		if n.running() {
			return "", errRunning
		}
		if err := c.disks.Ready(id); err != nil {
			return "", err
		}
		seen, err := wipe.Folder(c.DataDir(id))
		if errors.Is(err, wipe.ErrEmpty) {
			return "", fmt.Errorf("%w: %w", proof.ErrUnseen, err)
		}
		return seen, errors.Join(err, wipe.Check(c.dataDir(id)))
	})
}
