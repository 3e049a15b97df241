package main

import (
	"fmt"

	"raftkv/scenarios"
)

type listCmd struct{}

// Run prints the table.
func (listCmd) Run(t *terminal) error {
	for _, s := range scenarios.All {
		if _, err := fmt.Fprintf(t.out, "%s\n    %s\n    %s\n", s.Name, s.Story, s.Expect); err != nil {
			return err
		}
	}
	return nil
}
