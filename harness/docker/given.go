package docker

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"raftkv/harness/cluster"
	"raftkv/harness/owner"
)

// ErrNoImage means that the engine does not have the image that was given: none is
// pulled, so that a run tests what its caller has looked at.
var ErrNoImage = errors.New("the engine has no such image: pull, load or build it first")

// needImage says whether the engine has the image.
func needImage(ctx context.Context, cli *client.Client, ref string) error {
	_, err := cli.ImageInspect(ctx, ref)
	if cerrdefs.IsNotFound(err) {
		return fmt.Errorf("image %s: %w", ref, ErrNoImage)
	}
	if err != nil {
		return fmt.Errorf("look for image %s: %w", ref, err)
	}
	return nil
}

// WritesEvents asks an image what cluster.WritesEvents asks a program, in a
// container without a network, within cluster.NodeTimeout.
func WritesEvents(ctx context.Context, ref string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, cluster.NodeTimeout)
	defer cancel()
	cli, err := connect(ctx)
	if err != nil {
		return false, err
	}
	defer cli.Close()
	if err := needImage(ctx, cli, ref); err != nil {
		return false, err
	}
	help, err := output(ctx, cli, ref, "serve", "--help")
	if err != nil {
		return false, fmt.Errorf("ask image %s whether it writes events: %w", ref, err)
	}
	return cluster.TellsOfEvents(help), nil
}

// output runs the image's program to its end and gives what it wrote. Its exit code
// is its own affair.
func output(ctx context.Context, cli *client.Client, ref string, args ...string) ([]byte, error) {
	self, err := owner.Self()
	if err != nil {
		return nil, err
	}
	labels := self.Labels()
	labels[labelRun] = "ask" // by which a later start finds it, should it be left
	made, err := cli.ContainerCreate(ctx, client.ContainerCreateOptions{
		Config:     &container.Config{Image: ref, Cmd: args, Labels: labels},
		HostConfig: &container.HostConfig{NetworkMode: "none"},
	})
	if err != nil {
		return nil, err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cluster.CloseTimeout)
		defer cancel()
		_, _ = cli.ContainerRemove(ctx, made.ID, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
	}()
	ended := cli.ContainerWait(ctx, made.ID, client.ContainerWaitOptions{Condition: container.WaitConditionNextExit})
	if _, err := cli.ContainerStart(ctx, made.ID, client.ContainerStartOptions{}); err != nil {
		return nil, err
	}
	select {
	case <-ended.Result:
	case err := <-ended.Error:
		return nil, err
	}
	r, err := cli.ContainerLogs(ctx, made.ID, client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true})
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var b bytes.Buffer
	_, err = stdcopy.StdCopy(&b, &b, r)
	return b.Bytes(), err
}
