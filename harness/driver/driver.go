package driver

import (
	"context"
	"errors"
	"fmt"
	"os"

	"raftkv/harness/cluster"
	"raftkv/harness/docker"
	"raftkv/harness/process"
)

// Auto chooses docker when an engine answers and process otherwise.
const Auto = "auto"

// Env is the environment variable that names the driver when the caller does not.
const Env = "RAFTKV_DRIVER"

// ErrUnknown means a name that is not auto, docker or process.
var ErrUnknown = errors.New("unknown driver")

// Choice is a driver and the reason for it, for the user to read.
type Choice struct {
	Driver string
	Why    string
}

// Choose decides without starting anything; the engine has 2 s to answer. An
// empty name means RAFTKV_DRIVER, and auto if that is empty too. When docker is
// wanted and does not answer the error is cluster.ErrNoDocker.
func Choose(ctx context.Context, name string) (Choice, error) {
	if name == "" {
		name = os.Getenv(Env)
	}
	switch name {
	case process.Name:
		return Choice{process.Name, "local processes, as asked"}, nil
	case docker.Name:
		version, err := docker.Probe(ctx)
		return Choice{docker.Name, "Docker engine " + version + ", as asked"}, err
	case Auto, "":
		return auto(ctx), nil
	default:
		return Choice{}, fmt.Errorf("%w %q: use auto, docker or process", ErrUnknown, name)
	}
}

func auto(ctx context.Context) Choice {
	version, err := docker.Probe(ctx)
	if err != nil {
		return Choice{process.Name, fmt.Sprintf("%v; local processes instead", err)}
	}
	return Choice{docker.Name, "Docker engine " + version + " answers"}
}

// Started is a running cluster and why it is of its kind.
type Started struct {
	cluster.Cluster
	Choice
}

// Unwrap gives the cluster itself; see cluster.As.
func (s Started) Unwrap() cluster.Cluster { return s.Cluster }

// Start chooses and starts; see Choose and cluster.Spec. The caller closes it.
func Start(ctx context.Context, spec cluster.Spec, name string) (Started, error) {
	choice, err := Choose(ctx, name)
	if err != nil {
		return Started{}, err
	}
	return StartChosen(ctx, spec, choice)
}

// StartChosen starts a cluster of a kind that Choose has chosen. The result carries
// the choice's own reason, also beside an error.
func StartChosen(ctx context.Context, spec cluster.Spec, c Choice) (Started, error) {
	started, err := start(ctx, spec, c.Driver)
	if err != nil {
		return Started{Choice: c}, err
	}
	return Started{started, c}, nil
}

// WritesEvents asks the spec's program, or its image, whether its serve command
// knows --events.
func WritesEvents(ctx context.Context, spec cluster.Spec) (bool, error) {
	if spec.Image != "" {
		return docker.WritesEvents(ctx, spec.Image)
	}
	return cluster.WritesEvents(ctx, spec.Binary)
}

func start(ctx context.Context, spec cluster.Spec, name string) (cluster.Cluster, error) {
	if name == docker.Name {
		c, err := docker.Start(ctx, spec)
		if err != nil {
			return nil, err
		}
		return c, nil
	}
	c, err := process.Start(ctx, spec)
	if err != nil {
		return nil, err
	}
	return c, nil
}
