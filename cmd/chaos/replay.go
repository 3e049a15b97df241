package main

import "context"

type replayCmd struct {
	place
	Dir  string `arg:"" help:"A run's folder."`
	Plan bool   `help:"Print the schedule and run nothing."`
	JSON bool   `name:"json" help:"With --plan: print it as JSON."`
}

// Run runs a saved schedule again.
func (c *replayCmd) Run(ctx context.Context, t *terminal) error {
	s, err := c.schedule(c.Dir)
	if err != nil {
		return err
	}
	if c.Plan {
		return printPlan(t.out, s.Planned(), c.JSON)
	}
	o, err := c.options(ctx, t)
	if err != nil {
		return err
	}
	o.Seed = s.Seed
	g := campaign{terminal: t, options: o}
	return g.all(ctx, []job{saved(s)})
}
