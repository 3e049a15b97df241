package nodelog

import (
	"fmt"
	"slices"

	"raftkv/history"
	"raftkv/history/check"
)

// Acknowledged compares how many writes clients were told of with how many
// commands the nodes applied. The events do not say which command was whose, so
// this is counted and not tied; a retry or the store's own commands only make it
// more lenient. Nil also if some index was applied by no node whose file is
// here: then the count is not whole, and the second result says so.
func Acknowledged(streams map[string][]Event, ops []history.Operation) (found []check.Violation, whole bool) {
	commands := make(map[uint64]int)
	for _, events := range streams {
		for _, e := range events {
			if e.Kind == Apply {
				commands[e.Index] = e.Commands
			}
		}
	}
	applied := 0
	for index := uint64(1); index <= uint64(len(commands)); index++ {
		n, ok := commands[index]
		if !ok {
			return nil, false
		}
		applied += n
	}
	acked := slices.DeleteFunc(slices.Clone(ops), func(o history.Operation) bool {
		return o.Outcome != history.OutcomeOk || o.F == history.Get
	})
	if len(acked) <= applied {
		return nil, len(commands) > 0
	}
	return []check.Violation{{Kind: AckedNotCommitted,
		Words: fmt.Sprintf("Clients were told of %d writes, but the nodes applied only %d commands, all entries up to %d counted.", len(acked), applied, len(commands))}}, true
}
