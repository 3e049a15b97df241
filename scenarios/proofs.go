package scenarios

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"raftkv/harness/cluster"
	"raftkv/history"
)

// margin is how many entries a node may have taken in between its last answer
// and its pause; a log that starts this far behind that answer cannot bring it
// up to date.
const margin = 50

// leaderMoved proves that, while each round's fault held, a node outside its
// targets came to lead a higher term.
var leaderMoved = Proof{
	Words: "another node leads a higher term while the fault holds",
	Holds: eachRound(func(f Facts, r Round) error {
		for _, p := range f.Leaders {
			id, err := strconv.Atoi(p.Node)
			moved := err == nil && p.Term > r.Term && !slices.Contains(r.Targets, id)
			if moved && p.Time > r.Inject && p.Time <= r.Heal {
				return nil
			}
		}
		return fmt.Errorf("nobody but node %d was seen to lead after term %d", r.Leader, r.Term)
	}),
}

// ledElsewhere says whether leaderMoved holds already, by what each node last
// said while the fault held.
func ledElsewhere(r Round) error {
	for id, s := range r.Late {
		if s.IsLeader() && s.Term > r.Term && !slices.Contains(r.Targets, id) {
			return nil
		}
	}
	return fmt.Errorf("nobody but node %d is seen to lead after term %d", r.Leader, r.Term)
}

// termRose proves that each round made an election: whoever won it.
var termRose = Proof{
	Words: "the term rises",
	Holds: eachRound(func(_ Facts, r Round) error { return laterTerm(r) }),
}

func laterTerm(r Round) error {
	for _, s := range r.Later {
		if s.Term > r.Term {
			return nil
		}
	}
	return fmt.Errorf("the term was still %d after the recovery", r.Term)
}

// staleSideAsked proves that the cut nodes were really asked to read.
func staleSideAsked(least int) Proof {
	return Proof{
		Words: fmt.Sprintf("clients pinned on the cut nodes ask for at least %d reads", least),
		Holds: eachRound(func(f Facts, r Round) error {
			asked := 0
			for _, o := range f.Operations {
				if o.F == history.Get && !o.Stale && r.at(o) && o.Call >= r.Injected && o.Call < r.Heal {
					asked++
				}
			}
			if asked < least {
				return fmt.Errorf("only %d reads were asked of nodes %v", asked, r.Targets)
			}
			return nil
		}),
	}
}

// stillDown proves that the killed nodes were dead until they were healed.
var stillDown = Proof{
	Words: "the killed nodes are dead until they are started again",
	Holds: eachRound(func(_ Facts, r Round) error {
		for _, id := range r.Targets {
			if s := r.States[id]; s.Phase != cluster.Exited {
				return fmt.Errorf("node %d was %s", id, s)
			}
		}
		return nil
	}),
}

// everyNodeHad proves that the rounds went through all n nodes.
func everyNodeHad(n int) Proof {
	return Proof{
		Words: fmt.Sprintf("%d different nodes had their turn", n),
		Holds: func(f Facts) error {
			var had []int
			for _, r := range f.Rounds {
				had = append(had, r.Targets...)
			}
			slices.Sort(had)
			if got := len(slices.Compact(had)); got != n {
				return fmt.Errorf("%d nodes had theirs", got)
			}
			return nil
		},
	}
}

// neededSnapshot proves that the target came back by a snapshot: at its return
// no other node had the entry that it needed next, and later it had what was
// missing.
var neededSnapshot = Proof{
	Words: "the follower could only catch up by a snapshot, and did",
	Holds: eachRound(func(_ Facts, r Round) error {
		if err := outOfReach(r); err != nil {
			return err
		}
		return hasSnapshot(r)
	}),
}

// hasSnapshot says whether the targets came back by a snapshot.
func hasSnapshot(r Round) error {
	for _, id := range r.Targets {
		if then, now := r.Late[id].LastIndex, r.Later[id].SnapshotIndex; now <= then {
			return fmt.Errorf("node %d has snapshot %d, and had entry %d before", id, now, then)
		}
	}
	return nil
}

// outOfReach says whether every other node has dropped the entries that the
// targets need next.
func outOfReach(r Round) error {
	for _, target := range r.Targets {
		need := r.Late[target].LastIndex + margin
		for id, s := range r.Late {
			if !slices.Contains(r.Targets, id) && s.FirstIndex <= need {
				return fmt.Errorf("node %d still has its log from entry %d on, node %d stopped near %d",
					id, s.FirstIndex, target, need-margin)
			}
		}
	}
	return nil
}

// leasesConfirm proves that leases confirmed reads in each round: by them a leader
// that was away might have answered from the past.
var leasesConfirm = Proof{
	Words: "reads are confirmed by lease",
	Holds: eachRound(func(_ Facts, r Round) error { return leasesConfirmed(r) }),
}

// leasesConfirmed says whether leasesConfirm holds already, after the recovery. The
// targets' last words are from before the fault, so they do not count.
func leasesConfirmed(r Round) error {
	for id, s := range r.Later {
		if !slices.Contains(r.Targets, id) && s.ReadsByLease > r.Late[id].ReadsByLease {
			return nil
		}
	}
	return errors.New("no lease of the new leader confirmed a read")
}

// eachRound makes a proof of a condition on every round. No rounds prove
// nothing.
func eachRound(holds func(Facts, Round) error) func(Facts) error {
	return func(f Facts) error {
		if len(f.Rounds) == 0 {
			return errors.New("no round was run")
		}
		for i, r := range f.Rounds {
			if err := holds(f, r); err != nil {
				return fmt.Errorf("round %d: %w", i+1, err)
			}
		}
		return nil
	}
}

// voterCounts proves that each round left that many voters, by the leader's word.
func voterCounts(want ...int) Proof {
	return Proof{
		Words: fmt.Sprintf("the cluster has %v voters, one count after the other", want),
		Holds: func(f Facts) error {
			for i, r := range f.Rounds[:min(len(f.Rounds), len(want))] { // one that is shrunk has fewer
				if err := hasVoters(want[i])(r); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// hasVoters says whether every node that says it leads names n voters: one that
// led when it died has said so until it is heard again.
func hasVoters(n int) func(Round) error {
	return func(r Round) error {
		leads := false
		for _, s := range r.Later {
			leads = leads || s.IsLeader()
			if s.IsLeader() && len(s.Voters) != n {
				return fmt.Errorf("%q left %d voters: %v", r.Name, len(s.Voters), s.Voters)
			}
		}
		if !leads {
			return fmt.Errorf("after %q nobody said that it leads, and who votes", r.Name)
		}
		return nil
	}
}
