package nodelog

import (
	"fmt"

	"raftkv/history"
	"raftkv/history/check"
)

// Acknowledged compares how many writes clients were told of with how many
// commands the nodes applied. The events do not say which command was whose, so
// this is counted and not tied; a retry or the store's own commands only make it
// more lenient.
//
// The second result says whether the count is whole: every index was applied by
// a node whose file is here, and most files go as far as the furthest one, as
// they do when the nodes have caught up and none could write no more. Otherwise
// nothing is found.
func Acknowledged(streams map[string][]Event, ops []history.Operation) (found []check.Violation, whole bool) {
	commands := make(map[uint64]int)
	last := make(map[string]uint64)
	for name, events := range streams {
		member := uint64(0)
		for _, e := range events {
			switch e.Kind {
			case Start: // with another folder it has nothing yet
				if e.Node != member {
					delete(last, name)
				}
				member = e.Node
			case Apply:
				commands[e.Index], last[name] = e.Commands, e.Index
			case Restored:
				last[name] = e.Index
			}
		}
	}
	applied, whole := total(commands, last, len(streams))
	if !whole {
		return nil, false
	}
	acked := 0
	for _, o := range ops {
		if o.Outcome == history.OutcomeOk && o.F != history.Get {
			acked++
		}
	}
	if acked <= applied {
		return nil, true
	}
	return []check.Violation{{Kind: AckedNotCommitted,
		Words: fmt.Sprintf("Clients were told of %d writes, but the nodes applied only %d commands, all entries up to %d counted.", acked, applied, len(commands))}}, true
}

// total counts the commands, if the indexes are 1 to n and most of the files end
// at n.
func total(commands map[uint64]int, last map[string]uint64, files int) (applied int, whole bool) {
	n := uint64(len(commands))
	for index := uint64(1); index <= n; index++ {
		c, ok := commands[index]
		if !ok {
			return 0, false
		}
		applied += c
	}
	there := 0
	for _, index := range last {
		if index == n {
			there++
		}
	}
	return applied, n > 0 && there > files/2
}
