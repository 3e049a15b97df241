package docker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"

	"raftkv/harness/cluster"
)

// SaveLogs implements cluster.Cluster. Logs are read at the end, whole: a
// follower would replay them at each restart.
func (c *Cluster) SaveLogs(ctx context.Context, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("save logs: %w", err)
	}
	var errs []error
	for _, id := range c.Nodes() {
		errs = append(errs, c.saveLog(ctx, c.nodes[id], filepath.Join(dir, fmt.Sprintf("n%d.log", id))))
		if c.spec.Events {
			errs = append(errs, c.saveEvents(ctx, c.nodes[id], filepath.Join(dir, cluster.EventsName(id))))
		}
	}
	return errors.Join(errs...)
}

func (c *Cluster) saveLog(ctx context.Context, n *node, path string) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("save the log of n%d: %w", n.id, err)
	}
	if err := c.readLog(ctx, n, "all", f); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}

// readLog writes the last lines ("all" or a number) of the node's log to w,
// standard output and standard error together.
func (c *Cluster) readLog(ctx context.Context, n *node, tail string, w io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, cluster.NodeTimeout)
	defer cancel()
	r, err := c.cli.ContainerLogs(ctx, n.container, client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true, Tail: tail})
	if err != nil {
		return fmt.Errorf("read the log of n%d: %w", n.id, err)
	}
	defer r.Close()
	if _, err := stdcopy.StdCopy(w, w, r); err != nil {
		return fmt.Errorf("read the log of n%d: %w", n.id, err)
	}
	return nil
}

// lastLine gives the last line of the node's log, for an error message.
func (c *Cluster) lastLine(ctx context.Context, n *node) string {
	var b bytes.Buffer
	if c.readLog(ctx, n, "1", &b) != nil {
		return "no log"
	}
	if line := string(bytes.TrimSpace(b.Bytes())); line != "" {
		return line
	}
	return cluster.EmptyLog
}
