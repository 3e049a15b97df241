package fault

import (
	"context"
	"errors"
	"time"

	"raftkv/harness/cluster"
	"raftkv/harness/proof"
)

const (
	// rollPause is the time between two nodes of a rolling restart.
	rollPause = 200 * time.Millisecond
	// rollPatience is how long a rolling restart waits for a leader, and for the
	// restarted node to have caught up, before it goes on to the next.
	rollPatience = 10 * time.Second
)

type rolling struct {
	ids   []int
	going *repeated
}

// Rolling stops and starts the nodes one after the other, as an upgrade does:
// the next only when there is a leader and the last one has caught up with what
// was committed when it came back. The inject proves the first; the rest follow
// while the fault holds, and the heal waits for the last; it is indeterminate unless
// each was proved.
func Rolling(ids ...int) Fault { return &rolling{ids: ids} }

// Name implements Fault.
func (r *rolling) Name() string { return "rolling restart of " + names(r.ids) }

// Inject implements Fault.
func (r *rolling) Inject(ctx context.Context, c cluster.Cluster) (proof.Evidence, error) {
	e, err := r.one(ctx, c, r.ids[0])
	if err != nil {
		return e, err
	}
	rest := r.ids[1:]
	r.going = repeat(rollPause, len(rest), func(ctx context.Context) (proof.Evidence, error) {
		id := rest[0]
		rest = rest[1:]
		return r.one(ctx, c, id)
	})
	return e, nil
}

// one restarts a node and waits until the cluster may lose another.
func (r *rolling) one(ctx context.Context, c cluster.Cluster, id int) (proof.Evidence, error) {
	start := time.Now()
	e, err := again(ctx, c, id, c.Stop)
	if err != nil {
		return e, err
	}
	if err := caughtUp(ctx, c, id); err != nil { // other faults may hold
		return proof.Since(start, "restart", names([]int{id}), proof.Indeterminate, e.Detail+"; "+err.Error()), nil
	}
	return e, nil
}

// caughtUp waits for a leader and for the node to have applied what that one
// had committed then.
func caughtUp(ctx context.Context, c cluster.Cluster, id int) error {
	ctx, cancel := context.WithTimeout(ctx, rollPatience)
	defer cancel()
	ready, err := cluster.WaitReady(ctx, c, rollPatience)
	if err != nil {
		return err
	}
	leader, err := c.Status(ctx, ready.Leader)
	if err != nil {
		return err
	}
	return poll(ctx, "wait until n%d has caught up", id, func() bool {
		s, err := c.Status(ctx, id)
		return err == nil && s.Applied >= leader.Commit
	})
}

// Heal implements Fault.
func (r *rolling) Heal(ctx context.Context, c cluster.Cluster) (proof.Evidence, error) {
	start, words, failed := time.Now(), "none was restarted", error(nil)
	if r.going != nil {
		if failed = r.going.wait(ctx); failed == nil {
			words = "restarted one, then " + r.going.String()
		}
	}
	e, err := onNodes(ctx, "start", r.ids, running(c))
	if err := errors.Join(failed, err); err != nil {
		return proof.Fail(start, "start", names(r.ids), err)
	}
	e.Detail = words + "; " + e.Detail
	if r.going != nil && r.going.proved < len(r.ids)-1 {
		e.Outcome = proof.Indeterminate
	}
	return e, nil
}
