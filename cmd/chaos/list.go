package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"raftkv/harness/fault"
	"raftkv/scenarios"
)

type listCmd struct {
	JSON bool `name:"json" help:"Print the scenarios as JSON."`
}

// Run prints the scenarios, the profiles and the kinds of faults.
func (c listCmd) Run(t *terminal) error {
	if c.JSON {
		return listJSON(t.out)
	}
	var b strings.Builder
	b.WriteString("Scenarios, for chaos run --scenario:\n\n")
	for _, s := range scenarios.All {
		fmt.Fprintf(&b, "%s\n    %s\n    %s\n", s.Name, s.Story, s.Expect)
	}
	b.WriteString("\nProfiles, from which a seed draws a schedule, for chaos run --profile and chaos soak:\n\n")
	for _, p := range scenarios.Profiles() {
		fmt.Fprintf(&b, "%s\n    %s\n", p.Name, p.Story)
	}
	b.WriteString("\nFaults that are drawn:\n\n")
	for _, k := range fault.Kinds() {
		fmt.Fprintf(&b, "%s (%s)\n    %s\n", k.Name, k.Family, details(k))
	}
	_, err := io.WriteString(t.out, b.String())
	return err
}

// details are what a kind does, takes and needs.
func details(k fault.Kind) string {
	parts := []string{k.Words}
	for _, p := range k.Parameters {
		values := p.Least + " to " + p.Most
		if len(p.Choices) > 0 {
			values = strings.Join(p.Choices, ", ")
		}
		parts = append(parts, p.Name+": "+values)
	}
	for _, n := range k.Needs {
		parts = append(parts, "needs "+n.Name)
	}
	return strings.Join(parts, "; ")
}

// listed is a scenario for programs; CI makes its matrix of it.
type listed struct {
	Name   string `json:"name"`
	Story  string `json:"story"`
	Expect string `json:"expect"`
}

func listJSON(w io.Writer) error {
	var all []listed
	for _, s := range scenarios.All {
		all = append(all, listed{s.Name, s.Story, s.Expect})
	}
	return json.NewEncoder(w).Encode(all)
}
