package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"

	"raftkv/harness/driver"
	"raftkv/harness/live"
	"raftkv/scenarios"
)

// everyScenario is the name that means all of them.
const everyScenario = "all"

type runCmd struct {
	Scenario string            `help:"Names from 'chaos list', with commas between, or all." default:"all"`
	Driver   string            `help:"Where the nodes run: auto, docker or process." env:"RAFTKV_DRIVER" default:"auto"`
	Seed     *int64            `help:"What decides the schedule. Without one, one is drawn and printed." env:"RAFTKV_SEED"`
	Workload string            `help:"What the clients do: ${workloads}." enum:"${workloads}" default:"mixed"`
	Out      string            `help:"The folder that gets each run's folder." default:"runs" type:"path"`
	Binary   string            `help:"The raftkv program to run (for docker a static Linux one). Without it, it is built." type:"existingfile"`
	Live     bool              `help:"Show the run on a page while it goes on; its address is printed."`
	LivePort int               `help:"The live page's port on 127.0.0.1; 0 is any free one."`
	Flags    map[string]string `name:"flag" help:"More flags of the nodes: --flag snapshot-entries=100." mapsep:","`
}

// Run runs the scenarios one after the other.
func (c *runCmd) Run(ctx context.Context, t *terminal) error {
	chosen, err := choose(c.Scenario)
	if err != nil {
		return err
	}
	where, err := driver.Choose(ctx, c.Driver)
	if err != nil {
		return err
	}
	seed := c.seed()
	fmt.Fprintf(t.out, "driver %s: %s\nseed %d\n", where.Driver, where.Why, seed)
	binaries, err := c.binaries(ctx, where.Driver)
	if err != nil {
		return err
	}
	g := campaign{terminal: t, run: scenarios.Run, options: scenarios.Options{
		Seed: seed, Driver: where.Driver, Why: where.Why, Binaries: binaries, OutDir: c.Out, Workload: c.Workload, Flags: c.Flags,
	}}
	if c.Live {
		if g.page, err = live.Listen(c.LivePort); err != nil {
			return err
		}
		defer g.page.Close()
		fmt.Fprintf(t.out, "live at %s\n", g.page.URL())
	}
	return g.all(ctx, chosen)
}

// choose finds the named scenarios, in the order they are named.
func choose(names string) ([]scenarios.Scenario, error) {
	if names == everyScenario {
		return scenarios.All, nil
	}
	var chosen []scenarios.Scenario
	for _, name := range strings.Split(names, ",") {
		s, ok := scenarios.ByName(strings.TrimSpace(name))
		if !ok {
			return nil, fmt.Errorf("no scenario %q; see chaos list", name)
		}
		chosen = append(chosen, s)
	}
	return chosen, nil
}

func (c *runCmd) seed() int64 {
	if c.Seed != nil {
		return *c.Seed
	}
	return rand.Int64N(1_000_000)
}

// binaries builds what the driver needs, but for a node that was given.
func (c *runCmd) binaries(ctx context.Context, where string) (driver.Binaries, error) {
	given := driver.Binaries{Node: c.Binary, NodeLinux: c.Binary}
	if c.Binary != "" && where == "process" {
		return given, nil
	}
	root, err := driver.RepoRoot()
	if err != nil {
		return given, fmt.Errorf("build the nodes (or give --binary): %w", err)
	}
	built, err := driver.BuildBinaries(ctx, root, filepath.Join(root, "bin"), where)
	if err == nil && c.Binary != "" {
		built.Node, built.NodeLinux = given.Node, given.NodeLinux
	}
	return built, err
}
