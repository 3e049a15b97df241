package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"raftkv/harness/cluster"
	"raftkv/harness/driver"
	"raftkv/harness/process"
	"raftkv/harness/run"
	"raftkv/scenarios"
)

// place is where the nodes run, which program they are, and where runs are kept:
// the flags of every command that runs a cluster.
type place struct {
	Driver string `help:"Where the nodes run: auto, docker or process." env:"RAFTKV_DRIVER" default:"auto"`
	Out    string `help:"The folder that gets each run's folder." default:"runs" type:"path"`
	Binary string `help:"The raftkv program to run (for docker a static Linux one). Without it, it is built." type:"existingfile" xor:"nodes"`
	Image  string `help:"The image to run instead, with an entrypoint like raftkv's; Docker alone, and nothing is pulled." xor:"nodes"`
	Levers bool   `help:"Build the nodes for testing, with levers inside for their clocks, messages and disks (-tags raftkv_faults,raftkv_failpoints)."`
}

// options chooses the driver, says which it is, and builds what it needs.
func (p place) options(ctx context.Context, t *terminal) (scenarios.Options, error) {
	where, err := driver.Choose(ctx, p.Driver)
	if err != nil {
		return scenarios.Options{}, err
	}
	if p.Image != "" && where.Driver == process.Name {
		return scenarios.Options{}, fmt.Errorf("%w (%s)", cluster.ErrImage, where.Why)
	}
	fmt.Fprintf(t.out, "driver %s: %s\n", where.Driver, where.Why)
	binaries, err := p.binaries(ctx, where.Driver)
	return scenarios.Options{
		Driver: where.Driver, Why: where.Why, Binaries: binaries, OutDir: p.Out,
		Binary: p.absolute(), Image: p.Image, Levers: p.Levers,
	}, err
}

// absolute is the program that was given, however the next command is called.
func (p place) absolute() string {
	if p.Binary == "" {
		return ""
	}
	if path, err := filepath.Abs(p.Binary); err == nil {
		return path
	}
	return p.Binary
}

// binaries builds what the driver needs, but for a node that was given.
func (p place) binaries(ctx context.Context, where string) (driver.Binaries, error) {
	given := driver.Binaries{Node: p.Binary, NodeLinux: p.Binary}
	if p.Binary != "" && where == process.Name {
		return given, nil
	}
	root, err := driver.RepoRoot()
	if err != nil {
		return given, fmt.Errorf("build what the nodes need: %w: run it there (on local processes --binary will do)", err)
	}
	built, err := driver.BuildBinaries(ctx, root, filepath.Join(root, "bin"), where)
	built.Image = p.Image
	if err == nil && p.Binary+p.Image == "" && p.Levers {
		given.Node = filepath.Join(root, "bin", "raftkv-testing")
		given.NodeLinux = given.Node
		err = driver.BuildNode(ctx, root, given.Node, "raftkv_faults", "raftkv_failpoints")
	}
	if err == nil && given.Node != "" {
		built.Node, built.NodeLinux = given.Node, given.NodeLinux
	}
	return built, err
}

// there says whether a program that was given once is still there.
func there(path string) error {
	if path == "" {
		return nil
	}
	_, err := os.Stat(path)
	return err
}

// schedule reads a run's schedule. Its driver and its nodes' program are taken
// again, unless others are given.
func (p *place) schedule(dir string) (run.Schedule, error) {
	s, err := run.ReadSchedule(dir)
	if err != nil {
		return s, err
	}
	if p.Binary+p.Image == "" {
		if err := there(s.Binary); err != nil {
			return s, fmt.Errorf("the run's nodes were %s, which is gone (give another with --binary): %w", s.Binary, err)
		}
		p.Binary, p.Image = s.Binary, s.Image
	}
	if p.Driver == driver.Auto && s.Driver != "" {
		p.Driver = s.Driver
	}
	p.Levers = p.Levers || s.Levers
	s.Binary, s.Image, s.Levers = p.absolute(), p.Image, p.Levers
	return s, nil
}
