package scenarios

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"raftkv/harness/cluster"
	"raftkv/harness/proof"
	"raftkv/history"
	"raftkv/history/check"
)

// drawnProofs are what is held against every fault of a drawn schedule.
func (x *execution) drawnProofs() []Proof {
	all := []Proof{replaced, down}
	if x.asks() {
		all = append(all, cutAndAsked)
	}
	return all
}

var (
	replaced = Proof{Words: "a leader that is taken out is replaced while a quorum is left", Holds: eachRound(func(f Facts, r Round) error {
		if r.beheads() && !slices.ContainsFunc(f.Leaders, r.replacedBy) {
			return fmt.Errorf("%s: nobody but node %d was seen to lead after term %d", r.Name, r.Leader, r.Term)
		}
		return nil
	})}
	cutAndAsked = Proof{Words: "nodes that are cut off are asked to read", Holds: eachRound(asked)}
	down        = Proof{Words: "nodes that are taken down are down until they are healed", Holds: eachRound(func(_ Facts, r Round) error {
		for _, id := range r.Targets {
			if s := r.States[id]; downs(r.Kind) && r.held() && s.Phase != cluster.Exited && s.Phase != cluster.Paused {
				return fmt.Errorf("%s: node %d was %s", r.Name, id, s)
			}
		}
		return nil
	})}
)

// beheads tells whether the fault took the leader out, and left a quorum to
// replace it.
func (r Round) beheads() bool {
	return r.Quorum && lasting(r.Kind) && slices.Contains(r.Targets, r.Leader)
}

// replacedBy tells whether p is another node's coming to lead a higher term
// while the fault held.
func (r Round) replacedBy(p history.LeaderPoint) bool {
	id, err := strconv.Atoi(p.Node)
	moved := err == nil && p.Term > r.Term && !slices.Contains(r.Targets, id)
	return moved && p.Time > r.Inject && (r.Heal == 0 || p.Time <= r.Heal)
}

// asked proves that clients asked each cut node to read.
func asked(f Facts, r Round) error {
	if !cuts(r.Kind) || !r.held() {
		return nil
	}
	for _, id := range r.Targets {
		here := func(o history.Operation) bool {
			return o.F == history.Get && !o.Stale && o.Node == strconv.Itoa(id) && o.Call >= r.Injected && o.Call < r.Heal
		}
		if !slices.ContainsFunc(f.Operations, here) {
			return errors.New(r.Name + ": no read was asked of node " + strconv.Itoa(id))
		}
	}
	return nil
}

// drawnFloors are those of each round: enough has to succeed while its faults
// hold, if a quorum is left, and after they are healed.
func (x *execution) drawnFloors() []check.Floor {
	var floors []check.Floor
	for _, s := range x.spans {
		for _, f := range x.serving() {
			floors = append(floors, check.Floor{Phase: s.Name, Function: f, Min: leastOk})
		}
	}
	return floors
}

// drawnCeilings hold what succeeded against what each fault allows: nothing at
// nodes that are cut off or down, and nothing anywhere while a majority is.
// Only faults count that are proved; another one's doubt takes nothing from these.
func (x *execution) drawnCeilings(f Facts) {
	ops := f.Operations
	sure := slices.DeleteFunc(slices.Clone(x.rounds), func(r Round) bool { return !x.bit(f, r) })
	for _, r := range sure {
		if r.outvoted() {
			x.above(cutNodesFail[0], r, ops)
		}
	}
	if slices.ContainsFunc(x.rounds, func(r Round) bool { return r.Kind == changing }) {
		return // a majority of whom is not known from outside
	}
	for _, r := range x.stalls(sure) {
		x.above(Ceiling{Functions: everything, At: Anywhere}, r, ops)
	}
}

// bit tells whether a round's fault is proved: by its own evidence, and by every
// proof as far as it is about this round.
func (x *execution) bit(f Facts, r Round) bool {
	f.Rounds = []Round{r}
	return r.Bit != nil && r.Bit.Outcome == proof.Installed &&
		all(x.proofs(), func(p Proof) bool { return p.Holds(f) == nil })
}

// outvoted tells whether the targets can surely not serve: they are down, or cut
// off and no majority of those who voted.
func (r Round) outvoted() bool {
	voting := without(r.Voters, without(r.Voters, r.Targets...)...)
	return downs(r.Kind) || cuts(r.Kind) && len(r.Voters) > 0 && len(voting) <= len(r.Voters)/2
}

// stalls are the times when proved faults held a majority of all nodes.
func (x *execution) stalls(sure []Round) []Round {
	var found []Round
	for i, r := range sure {
		if !lasting(r.Kind) || !r.held() {
			continue
		}
		s := r
		for _, before := range sure[:i] {
			if before.Step.Round == r.Step.Round && lasting(before.Kind) && before.held() {
				s.Targets = append(slices.Clone(s.Targets), before.Targets...)
				s.Heal, s.Name = min(s.Heal, before.Heal), before.Name+", "+s.Name
			}
		}
		slices.Sort(s.Targets)
		s.Targets = slices.Compact(s.Targets)
		if len(s.Targets) > len(x.cluster.Nodes())/2 {
			found = append(found, s)
		}
	}
	return found
}
