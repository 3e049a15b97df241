package scenarios

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"raftkv/harness/workload"
)

// commands repeat the run: the seed's schedule anew, or this one with all that
// was resolved.
func (x *execution) commands() []string {
	again := "bin/chaos replay " + x.folder.Path
	switch {
	case x.profile != nil:
		return []string{fmt.Sprintf("bin/chaos run --profile %s --duration %s %s", x.profile.Name, x.plan.Length, x.given()), again}
	case x.plan.Load.Workload != workload.Mixed || x.opts.Levers || x.opts.Binary+x.opts.Image != "" || len(x.opts.Flags) > 0:
		return []string{fmt.Sprintf("bin/chaos run --scenario %s %s", x.sc.Name, x.given()), again}
	}
	return []string{
		fmt.Sprintf("make chaos SCENARIO=%s DRIVER=%s SEED=%d", x.sc.Name, x.plan.Driver, x.opts.Seed),
		fmt.Sprintf("RAFTKV_DRIVER=%s go test ./scenarios -run 'TestScenarios/^%s$' -seed %d", x.plan.Driver, x.sc.Name, x.opts.Seed), again,
	}
}

// given are the flags of bin/chaos that the run was given: each decides what is
// drawn, or what it befalls.
func (x *execution) given() string {
	flags := []string{fmt.Sprintf("--driver %s --seed %d", x.plan.Driver, x.opts.Seed)}
	if w := x.plan.Load.Workload; w != workload.Mixed {
		flags = append(flags, "--workload "+w)
	}
	if x.opts.Levers {
		flags = append(flags, "--levers")
	}
	if x.opts.Binary != "" {
		flags = append(flags, "--binary "+x.opts.Binary)
	}
	if x.opts.Image != "" {
		flags = append(flags, "--image "+x.opts.Image)
	}
	for _, name := range slices.Sorted(maps.Keys(x.opts.Flags)) {
		flags = append(flags, fmt.Sprintf("--flag %s=%s", name, x.opts.Flags[name]))
	}
	return strings.Join(flags, " ")
}
