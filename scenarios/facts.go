package scenarios

import (
	"slices"
	"strconv"

	"raftkv/harness/cluster"
	"raftkv/harness/run"
	"raftkv/history"
)

// Round is one injection and healing of a step, as it happened.
type Round struct {
	run.Step
	// Before, Late and Later are what each node last said of itself before the
	// injection, before the healing, and after the recovery.
	Before, Late, Later map[int]cluster.Status
	// States of the targets just before the healing, seen from outside.
	States map[int]cluster.NodeState
	// Of a drawn step: whether its round surely left a quorum, and who voted.
	Quorum bool
	Voters []int
}

// Facts are what a Proof looks at, after the run.
type Facts struct {
	Rounds     []Round
	Leaders    []history.LeaderPoint
	Operations []history.Operation
}

// during tells whether o was called and returned while the round's fault held.
func (r Round) during(o history.Operation) bool {
	return r.held() && o.Call >= r.Injected && o.Return <= r.Heal
}

// held tells whether the fault was proved and lasted until its healing began.
func (r Round) held() bool { return r.Injected != 0 && r.Heal != 0 }

// at tells whether o's client was pinned on one of the round's targets.
func (r Round) at(o history.Operation) bool {
	id, err := strconv.Atoi(o.Node)
	return err == nil && slices.Contains(r.Targets, id)
}
