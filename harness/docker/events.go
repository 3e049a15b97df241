package docker

import (
	"archive/tar"
	"context"
	"fmt"
	"io"
	"os"

	"github.com/moby/moby/client"

	"raftkv/harness/cluster"
)

// eventsPath is a node's file of events: in its container's own layer, which
// outlives kills, and away from the disk that faults are aimed at.
const eventsPath = "/events.jsonl"

// saveEvents copies the file out of the container, running or not.
func (c *Cluster) saveEvents(ctx context.Context, n *node, path string) error {
	ctx, cancel := context.WithTimeout(ctx, cluster.NodeTimeout)
	defer cancel()
	r, err := c.cli.CopyFromContainer(ctx, n.container, client.CopyFromContainerOptions{SourcePath: eventsPath})
	if err != nil {
		return fmt.Errorf("save the events of n%d: %w", n.id, err)
	}
	defer r.Content.Close()
	archive := tar.NewReader(r.Content)
	if _, err := archive.Next(); err != nil {
		return fmt.Errorf("save the events of n%d: %w", n.id, err)
	}
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("save the events of n%d: %w", n.id, err)
	}
	if _, err := io.Copy(f, archive); err != nil {
		_ = f.Close()
		return fmt.Errorf("save the events of n%d: %w", n.id, err)
	}
	return f.Close()
}
