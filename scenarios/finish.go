package scenarios

import (
	"context"
	"errors"
	"fmt"
	"time"

	"raftkv/harness/cluster"
	"raftkv/harness/workload"
	"raftkv/history"
	"raftkv/history/check"
)

// finish drains the clients and reads everything once more: linearizably, and
// from each node's own state. It runs also after an interruption, so that what
// happened can be judged.
func (x *execution) finish(ctx context.Context) {
	x.interrupted(ctx)
	ctx = context.WithoutCancel(ctx)
	x.begin(Drain)
	x.check("stop clients", x.load.Stop())
	x.relink(ctx)
	if !x.alive(ctx) {
		return
	}
	members := cluster.Voters(ctx, x.cluster)
	x.caughtUp(ctx, members)
	x.begin(Final)
	x.readAll(ctx, members)
}

// relink builds the links anew if Toxiproxy was lost: the run is a harness error, but
// what the cluster holds can be read.
func (x *execution) relink(ctx context.Context) {
	if !x.unlinked || x.cluster.Links() == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, undoPatience)
	defer cancel()
	x.check("build the links anew", x.cluster.Links().Recover(ctx))
	x.say("built the links anew")
}

// alive checks that every node runs, now that all faults are healed.
func (x *execution) alive(ctx context.Context) bool {
	all := true
	for id, s := range x.states(ctx, x.cluster.Nodes()) {
		if s.Phase != cluster.Running {
			all = false
			x.blame(Died, "", fmt.Sprintf("node %d is %s (%s) after every fault was healed", id, s, s.Detail))
		}
	}
	return all
}

// caughtUp waits until every member has applied what was committed when the
// clients had gone.
func (x *execution) caughtUp(ctx context.Context, members []int) {
	behind := "no node answered"
	done := x.poll(ctx, x.sc.Bound, func() bool {
		behind = lagging(members, cluster.Statuses(ctx, x.cluster))
		return behind == ""
	})
	if !done {
		x.blame(NoProgress, "", fmt.Sprintf("%s, %s after the clients had stopped", behind, x.sc.Bound))
	}
}

// lagging names a node that has not applied the highest commit index that any
// node knows, or nothing.
func lagging(ids []int, all map[int]cluster.Status) string {
	commit := uint64(0)
	for _, s := range all {
		commit = max(commit, s.Commit)
	}
	for _, id := range ids {
		s, ok := all[id]
		if !ok {
			return fmt.Sprintf("node %d does not answer", id)
		}
		if s.Applied < commit {
			return fmt.Sprintf("node %d has applied %d of %d entries", id, s.Applied, commit)
		}
	}
	return ""
}

// readAll reads every key of the run, and compares the members' own states.
func (x *execution) readAll(ctx context.Context, members []int) {
	whole, each, err := x.readers(members)
	defer func() { x.check("close final readers", closeAll(whole, each)) }()
	if err != nil {
		x.broken("open final readers", err)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, finalPatience)
	defer cancel()
	seen, err := workload.Final(ctx, whole, x.rec, x.load.Keys())
	switch {
	case err == nil:
	case len(seen) == 0:
		x.blame(NoProgress, "", err.Error())
		return
	default: // it serves, and there was no time for all
		x.doubt("%v", err)
		return
	}
	ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), replicaPatience)
	defer cancel()
	different, err := workload.Replicas(ctx, whole, each, x.rec, seen)
	if err != nil {
		x.doubt("%v", err)
	}
	for _, d := range different {
		x.blame(Diverged, d.Key, fmt.Sprintf("node %d holds %s for key %q, the cluster answers %s",
			d.Node, show(d.Got), d.Key, show(d.Want)))
	}
}

// readers opens a client of all nodes and one of each.
func (x *execution) readers(members []int) (workload.Store, map[int]workload.Store, error) {
	each := map[int]workload.Store{}
	var all []string
	for _, id := range members {
		address := x.cluster.ClientAddr(id)
		all = append(all, address)
		s, err := x.deps.dial([]string{address}, true)
		if err != nil {
			return nil, each, err
		}
		each[id] = s
	}
	whole, err := x.deps.dial(all, false)
	return whole, each, err
}

func closeAll(whole workload.Store, each map[int]workload.Store) error {
	var all []error
	if whole != nil {
		all = append(all, whole.Close())
	}
	for _, s := range each {
		all = append(all, s.Close())
	}
	return errors.Join(all...)
}

// blame accuses the store of what it failed to do once healthy, unless the
// harness failed before: then it may be the harness's doing.
func (x *execution) blame(kind check.Kind, key, words string) {
	if len(x.errors) > 0 || x.unmended() {
		x.doubt("%s: %s", kind, words)
		return
	}
	x.accuse(kind, key, words)
}

// show words a value.
func show(v history.Value) string {
	if !v.Present {
		return "nothing"
	}
	return fmt.Sprintf("%q", v.Data)
}

// since is the time from one instant of the clock to another.
func since(from, to int64) time.Duration { return time.Duration(to - from) }
