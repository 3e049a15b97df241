package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"raftkv/harness/disk"
	"raftkv/harness/fault"
	"raftkv/harness/run"
	"raftkv/scenarios"
)

// printPlans prints the schedules of jobs.
func printPlans(t *terminal, jobs []job, o scenarios.Options, asJSON bool) error {
	for _, j := range jobs {
		if err := printPlan(t.out, j.plan(o), asJSON); err != nil {
			return err
		}
	}
	return nil
}

// printPlan prints a schedule: a step a line, or all of it as JSON.
func printPlan(w io.Writer, s run.Schedule, asJSON bool) error {
	if asJSON {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(s)
	}
	fmt.Fprintf(w, "%s, seed %d: %s%s\n", s.Scenario, s.Seed, faultCount(len(s.Steps)), on(s.Disks))
	fmt.Fprintf(w, "start: %s of load\n", s.Warmup)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, step := range s.Steps {
		fmt.Fprintln(table, strings.Join(stepCells(step), "\t"))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "end: %s of load, then every key is read, on every node\n", s.Tail)
	_, err := fmt.Fprint(w, unsure(s))
	return err
}

func faultCount(n int) string {
	if n == 1 {
		return "1 fault"
	}
	return fmt.Sprintf("%d faults", n)
}

// on words what the nodes' data is on.
func on(k disk.Kind) string {
	if k == disk.Plain {
		return ""
	}
	return fmt.Sprintf(", on disks that can be broken (%s) where they can be had", k)
}

// stepCells words a step in columns.
func stepCells(s run.Step) []string {
	round := fmt.Sprintf("fault %d", s.Number+1)
	if s.Round > 0 {
		round = fmt.Sprintf("round %d", s.Round)
	}
	times := fmt.Sprintf("holds %s", s.Hold)
	if s.After > 0 {
		times = fmt.Sprintf("after %s, %s", s.After, times)
	}
	if s.Stays {
		times += ", stays to the end"
	}
	var parameters []string
	for _, k := range slices.Sorted(maps.Keys(s.Parameters)) {
		parameters = append(parameters, k+" "+s.Parameters[k])
	}
	cells := []string{"  " + round, s.Name, times, strings.Join(parameters, ", ")}
	if len(s.Targets) > 0 {
		cells = append(cells, fmt.Sprintf("nodes %v", s.Targets))
	}
	return cells
}

// unsure says which of the steps may be others where something is missing.
func unsure(s run.Schedule) string {
	var kinds []string
	for _, step := range s.Steps {
		k, _ := fault.KindNamed(step.Kind)
		if len(k.Needs) > 0 && len(step.Targets) == 0 && !slices.Contains(kinds, k.Name) {
			kinds = append(kinds, k.Name)
		}
	}
	if len(kinds) == 0 {
		return ""
	}
	return fmt.Sprintf("where %s cannot be had, other faults are drawn in their rounds\n", strings.Join(kinds, ", "))
}
