package docker

import (
	"context"
	"errors"
	"fmt"
	"sync"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/moby/client"

	"raftkv/harness/cluster"
	"raftkv/harness/owner"
)

// thing is a container, network or volume of ours.
type thing struct {
	kind, id string
	labels   map[string]string
	remove   func(context.Context) error
}

// Close implements cluster.Cluster. It goes by the run's label, so it finds what
// a start that failed half-way has made.
func (c *Cluster) Close(ctx context.Context) error {
	c.closeOnce.Do(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cluster.CloseTimeout)
		defer cancel()
		c.closeErr = c.teardown(ctx)
	})
	return c.closeErr
}

// teardownPasses is how often the engine is asked for leftovers: a creation
// that was cancelled may still come about after the first look. The last pass
// must find nothing.
const teardownPasses = 4

func (c *Cluster) teardown(ctx context.Context) error {
	err := errors.Join(c.removeAll(ctx), c.disks.Close())
	if c.ports != nil {
		err = errors.Join(err, c.ports.Release())
	}
	return errors.Join(err, c.cli.Close())
}

func (c *Cluster) removeAll(ctx context.Context) (err error) {
	if c.id == "" {
		return nil
	}
	for range teardownPasses {
		var n int
		n, err = removeWhere(ctx, c.cli, labelRun+"="+c.id, func(map[string]string) bool { return true })
		if n == 0 && err == nil {
			return nil
		}
	}
	return errors.Join(fmt.Errorf("something labelled %s=%s could not be removed", labelRun, c.id), err)
}

// Sweep removes what dead harnesses of this host left behind and says how many
// things there were. Live ones, and those of other hosts, are left alone.
func Sweep(ctx context.Context) (int, error) {
	cli, err := connect(ctx)
	if err != nil {
		return 0, err
	}
	defer cli.Close()
	return sweep(ctx, cli)
}

func sweep(ctx context.Context, cli *client.Client) (int, error) {
	return removeWhere(ctx, cli, labelRun, func(labels map[string]string) bool {
		id, ok := owner.FromLabels(labels)
		return ok && id.Here() && !id.Alive()
	})
}

// removeWhere removes what carries the label and is chosen: containers first,
// all at once, then the networks and volumes that they used.
func removeWhere(ctx context.Context, cli *client.Client, label string, choose func(map[string]string) bool) (int, error) {
	n := 0
	for _, list := range []func(context.Context, *client.Client, client.Filters) ([]thing, error){containers, networks, volumes} {
		found, err := list(ctx, cli, make(client.Filters).Add("label", label))
		if err != nil {
			return n, err
		}
		gone, err := removeAll(ctx, found, choose)
		if n += gone; err != nil {
			return n, err
		}
	}
	return n, nil
}

func removeAll(ctx context.Context, found []thing, choose func(map[string]string) bool) (int, error) {
	errs := make([]error, len(found))
	var wg sync.WaitGroup
	n := 0
	for i, t := range found {
		if !choose(t.labels) {
			continue
		}
		n++
		wg.Go(func() {
			// Another sweep may remove the same thing at this moment.
			if err := t.remove(ctx); err != nil && !cerrdefs.IsNotFound(err) && !cerrdefs.IsConflict(err) {
				errs[i] = fmt.Errorf("remove %s %s: %w", t.kind, t.id, err)
			}
		})
	}
	wg.Wait()
	return n, errors.Join(errs...)
}

func containers(ctx context.Context, cli *client.Client, f client.Filters) ([]thing, error) {
	list, err := cli.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: f})
	if err != nil {
		return nil, fmt.Errorf("list containers: %w", err)
	}
	var out []thing
	for _, x := range list.Items {
		out = append(out, thing{"container", x.ID, x.Labels, func(ctx context.Context) error {
			_, err := cli.ContainerRemove(ctx, x.ID, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
			return err
		}})
	}
	return out, nil
}

func networks(ctx context.Context, cli *client.Client, f client.Filters) ([]thing, error) {
	list, err := cli.NetworkList(ctx, client.NetworkListOptions{Filters: f})
	if err != nil {
		return nil, fmt.Errorf("list networks: %w", err)
	}
	var out []thing
	for _, x := range list.Items {
		out = append(out, thing{"network", x.ID, x.Labels, func(ctx context.Context) error {
			_, err := cli.NetworkRemove(ctx, x.ID, client.NetworkRemoveOptions{})
			return err
		}})
	}
	return out, nil
}

func volumes(ctx context.Context, cli *client.Client, f client.Filters) ([]thing, error) {
	list, err := cli.VolumeList(ctx, client.VolumeListOptions{Filters: f})
	if err != nil {
		return nil, fmt.Errorf("list volumes: %w", err)
	}
	var out []thing
	for _, x := range list.Items {
		out = append(out, thing{"volume", x.Name, x.Labels, func(ctx context.Context) error {
			_, err := cli.VolumeRemove(ctx, x.Name, client.VolumeRemoveOptions{})
			return err
		}})
	}
	return out, nil
}
