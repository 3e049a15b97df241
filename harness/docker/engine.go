package docker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
	tclog "github.com/testcontainers/testcontainers-go/log"

	"raftkv/harness/cluster"
)

// Name is this driver's name.
const Name = "docker"

// probeTimeout is how long an engine has to answer.
const probeTimeout = 10 * time.Second

// prepare sets what testcontainers reads once, before its first use. In a
// container it would look for published ports on the wrong host, and its
// reaper's image cannot be had without a registry (our sweep does that work).
// What the user has set stays. Its chatter is silenced.
var prepare = sync.OnceFunc(func() {
	for k, v := range map[string]string{
		"TESTCONTAINERS_HOST_OVERRIDE": "127.0.0.1",
		"TESTCONTAINERS_RYUK_DISABLED": "true",
	} {
		if os.Getenv(k) == "" {
			_ = os.Setenv(k, v) // fails for malformed names only
		}
	}
	tclog.SetDefault(tclog.NewNoopLogger())
})

// Probe asks for an engine's version, within 10 s. The error is
// cluster.ErrNoDocker with the reason on one line.
func Probe(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	cli, err := connect(ctx)
	if err != nil {
		return "", err
	}
	defer cli.Close()
	v, err := cli.ServerVersion(ctx, client.ServerVersionOptions{})
	if err != nil {
		return "", noDocker(err)
	}
	return v.Version, nil
}

// connect gives a client of the engine: the one that DOCKER_HOST names, or else
// the one that testcontainers finds. The error is cluster.ErrNoDocker.
func connect(ctx context.Context) (*client.Client, error) {
	prepare()
	if os.Getenv(client.EnvOverrideHost) != "" {
		return connectNamed(ctx)
	}
	type result struct {
		cli *testcontainers.DockerClient
		err error
	}
	done := make(chan result, 1)
	go func() { // the library's search does not always heed a context
		cli, err := testcontainers.NewDockerClientWithOpts(ctx)
		done <- result{cli, err}
	}()
	select {
	case r := <-done:
		if r.err != nil {
			return nil, noDocker(r.err)
		}
		return r.cli.Client, nil
	case <-ctx.Done():
		return nil, noDocker(ctx.Err())
	}
}

// connectNamed heeds DOCKER_HOST alone. Testcontainers would go on to look
// elsewhere when that engine does not answer, which is not what was asked for.
func connectNamed(ctx context.Context) (*client.Client, error) {
	cli, err := client.New(client.FromEnv)
	if err != nil {
		return nil, noDocker(err)
	}
	if _, err := cli.Ping(ctx, client.PingOptions{NegotiateAPIVersion: true}); err != nil {
		return nil, errors.Join(noDocker(err), cli.Close())
	}
	return cli, nil
}

// noDocker says that there is no engine, and why, on one line.
func noDocker(err error) error {
	line, _, _ := strings.Cut(strings.TrimSpace(err.Error()), "\n")
	return fmt.Errorf("%w: %s", cluster.ErrNoDocker, line)
}
