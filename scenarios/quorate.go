package scenarios

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"raftkv/harness/cluster"
	"raftkv/harness/fault"
)

// Who of the cluster can serve while a round's faults hold.

// free are the nodes that no fault of the round is aimed at. One that befalls
// all, or makes voters, takes none away.
func (w *wave) free(all []int) []int {
	for _, l := range w.lives {
		if l.Role != string(Everybody) && l.Kind != changing {
			all = without(all, l.Targets...)
		}
	}
	return all
}

// gone are the nodes that the round's faults keep from serving, surely and all
// the time.
func (w *wave) gone() []int {
	return w.targets(func(k fault.Kind) bool { return lasting(k.Name) })
}

// targets are those of the round's faults whose kinds are wanted.
func (w *wave) targets(wanted func(fault.Kind) bool) []int {
	var ids []int
	for _, l := range w.lives {
		if k, _ := fault.KindNamed(l.Kind); wanted(k) {
			ids = append(ids, l.Targets...)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// quorate tells whether the round's faults surely leave a quorum that can serve.
func (x *execution) quorate(w *wave) bool {
	harmed := w.targets(weakens)
	if slices.ContainsFunc(w.lives, ongoing.hampers) {
		return false
	}
	voters := x.voters()
	return len(without(voters, harmed...)) > len(voters)/2
}

// voters are those that the best informed node names, of all that were heard; all
// nodes if none names any. A leader that was cut off may have left office by now.
func (x *execution) voters() []int {
	var best cluster.Status
	for _, s := range x.views() {
		if len(s.Voters) > 0 && (len(best.Voters) == 0 || informed(s, best) > 0) {
			best = s
		}
	}
	if len(best.Voters) == 0 {
		return x.cluster.Nodes()
	}
	return best.Voters
}

// otherThan gives drawn voters of whom one at least does not vote now, if any of the
// candidates does not: to make voters of those who are would change nothing.
func otherThan(voters, drawn, candidates []int) []int {
	outside := without(candidates, voters...)
	if len(drawn) != len(voters) || len(without(drawn, voters...)) > 0 || len(outside) == 0 {
		return drawn
	}
	return with(outside[0], slices.Clone(drawn[1:]))
}

// informed compares what two nodes know of the membership: who is in a later term,
// or leads, or has the longer log, knows more.
func informed(a, b cluster.Status) int {
	if c := cmp.Compare(a.Term, b.Term); c != 0 {
		return c
	}
	switch {
	case a.IsLeader() && !b.IsLeader():
		return 1
	case b.IsLeader() && !a.IsLeader():
		return -1
	}
	return cmp.Compare(a.LastIndex, b.LastIndex)
}

// leastRate is the bandwidth in kilobytes a second that a cluster under this load
// surely gets by with.
const leastRate = 1000

// mostBits is how many flipped bits in a megabyte of a link a cluster under this load
// surely gets by with: each costs a connection.
const mostBits = 8

// mildest is the delay of a link up to which elections surely succeed: a round
// trip stays well below the default election timeout of 300 ms.
const mildest = 60 * time.Millisecond

// hampers tells whether the fault may keep the cluster from serving while it
// holds, by more than the nodes that it takes out.
func (l ongoing) hampers() bool {
	if k, _ := fault.KindNamed(l.Kind); rough(k) && k.Harm != fault.HarmNone {
		return true
	}
	rate, err := strconv.Atoi(l.Parameters["rate"])
	bits, _ := strconv.Atoi(l.Parameters["bits"])
	return l.delay() > mildest || err == nil && rate < leastRate || bits > mostBits
}

// delay is the most by which the fault delays a message.
func (l ongoing) delay() time.Duration {
	total := time.Duration(0)
	for _, name := range []string{"latency", "jitter"} {
		if d, err := time.ParseDuration(l.Parameters[name]); err == nil {
			total += d
		}
	}
	return total
}
