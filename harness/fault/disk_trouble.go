package fault

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"raftkv/harness/cluster"
	"raftkv/harness/disk"
	"raftkv/harness/proof"
)

// lookAgain spaces the looks whether a trouble is felt, or gone.
const lookAgain = 20 * time.Millisecond

// troubles is a disk that does not do what it should. A node whose log cannot be
// written ends; the heal starts whatever ended or may be about to.
type troubles struct {
	ids     []int
	trouble disk.Trouble
}

// SlowSync makes each sync of the nodes' disks take that much longer.
func SlowSync(by time.Duration, ids ...int) Fault {
	return Needing(troubles{ids, disk.Trouble{SyncDelay: by}}, troubleNeed())
}

// SyncError fails each sync with EIO.
func SyncError(ids ...int) Fault {
	return Needing(troubles{ids, disk.Trouble{SyncError: syscall.EIO}}, troubleNeed())
}

// DiskFull fails each write with ENOSPC.
func DiskFull(ids ...int) Fault {
	return Needing(troubles{ids, disk.Trouble{WriteError: syscall.ENOSPC}}, troubleNeed())
}

// TornWrite lets the next write of a page or more reach the disk by half, and
// fails whatever follows. It waits for such a write.
func TornWrite(ids ...int) Fault {
	return Needing(troubles{ids, disk.Trouble{Tear: true}}, fuseNeed())
}

// Name implements Fault.
func (f troubles) Name() string { return f.trouble.String() + " " + names(f.ids) }

// fatal says whether the trouble ends nodes.
func (f troubles) fatal() bool { return f.trouble.SyncDelay == 0 }

// Inject implements Fault.
func (f troubles) Inject(ctx context.Context, c cluster.Cluster) (proof.Evidence, error) {
	return onNodes(ctx, f.trouble.String(), f.ids, func(ctx context.Context, id int) (proof.Evidence, error) {
		start, target := time.Now(), names([]int{id})
		l, err := leverOf(ctx, c, id)
		if err == nil {
			err = l.make(ctx, id, f.trouble)
		}
		if err != nil {
			return proof.Fail(start, f.trouble.String(), target, err)
		}
		seen, err := eventually(ctx, func(ctx context.Context) (string, error) { return l.shows(ctx, id, f.trouble) })
		if err != nil {
			return proof.Since(start, f.trouble.String(), target, proof.Indeterminate, err.Error()), nil
		}
		return proof.Since(start, f.trouble.String(), target, proof.Installed, seen), nil
	})
}

// Heal implements Fault.
func (f troubles) Heal(ctx context.Context, c cluster.Cluster) (proof.Evidence, error) {
	return onNodes(ctx, "end "+f.trouble.String(), f.ids, func(ctx context.Context, id int) (proof.Evidence, error) {
		start, target := time.Now(), names([]int{id})
		seen, err := f.mend(ctx, c, id)
		if err != nil {
			return proof.Fail(start, "end "+f.trouble.String(), target, err)
		}
		return proof.Since(start, "end "+f.trouble.String(), target, proof.Installed, seen), nil
	})
}

// mend ends the trouble before the node starts again.
func (f troubles) mend(ctx context.Context, c cluster.Cluster, id int) (string, error) {
	l, err := f.leverFor(ctx, c, id)
	if err != nil {
		return "", err
	}
	if err := l.make(ctx, id, disk.Trouble{}); err != nil {
		return "", err
	}
	ended := ""
	if f.fatal() {
		if ended, err = startAgain(ctx, c, id); err != nil {
			return "", err
		}
	}
	seen, err := eventually(ctx, func(ctx context.Context) (string, error) { return l.clear(ctx, id, f.trouble) })
	return ended + seen, err
}

// leverFor is leverOf for a node that may have ended, and with it what tells that
// it has the lever: it had when the fault was injected.
func (f troubles) leverFor(ctx context.Context, c cluster.Cluster, id int) (diskLever, error) {
	l, err := leverOf(ctx, c, id)
	if b := (boundaryLever{c}); err != nil && b.exited(ctx, id) {
		return b, nil
	}
	return l, err
}

// startAgain starts a node that ended by the trouble, or that may be about to.
func startAgain(ctx context.Context, c cluster.Cluster, id int) (string, error) {
	s, err := c.State(ctx, id)
	if err != nil {
		return "", err
	}
	ended := fmt.Sprintf("the node had %s; ", s)
	if s.Phase != cluster.Exited {
		ended = "the node had not ended, and was killed; "
		if _, err := c.Kill(ctx, id); err != nil && !gone(ctx, c, id) {
			return "", err
		}
	}
	_, err = c.Start(ctx, id)
	return ended, err
}

// gone says whether a node that could not be killed ended by itself.
func gone(ctx context.Context, c cluster.Cluster, id int) bool {
	s, err := c.State(ctx, id)
	return err == nil && s.Phase == cluster.Exited
}

// eventually looks until there is something to see, for NodeTimeout at most.
func eventually(ctx context.Context, look func(context.Context) (string, error)) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, cluster.NodeTimeout)
	defer cancel()
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	for {
		seen, err := look(ctx)
		if err == nil {
			return seen, nil
		}
		select {
		case <-ctx.Done():
			return "", errors.Join(err, ctx.Err())
		case <-tick.C:
		}
	}
}
