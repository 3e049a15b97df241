package fault

import (
	"context"
	"errors"
	"fmt"
	"time"

	"raftkv/harness/cluster"
	"raftkv/harness/proof"
)

// wiping is the name of the kind.
const wiping = "wipe"

// takenIn bounds how long the cluster may take to make an emptied node a voter again.
const takenIn = 20 * time.Second

type wipe struct {
	id int
	// was is the incarnation of the folder that was emptied; empty if none was.
	was string
}

// Wipe kills the node and empties its data folder, as a new disk under the old flags
// does. The heal starts it, and waits until it is a voter again: by its new folder,
// whose incarnation is another one.
//
// It is proved by the folder, which is seen to be empty, and by the two incarnations.
// Never while other nodes are out: a node that was emptied counts as nothing.
func Wipe(id int) Fault { return Needing(&wipe{id: id}, hasAdmin(), wipeNeed()) }

// wipeKind is the fault's row in the registry.
func wipeKind() Kind {
	return Kind{
		Name: wiping, Family: FamilyDisk, Words: "SIGKILL, and the data folder is emptied; started with its old flags", Aim: AimOne, Harm: HarmDown,
		Needs: []Need{hasAdmin(), wipeNeed()}, Build: func(s Spec) (Fault, error) { return Wipe(s.Targets[0]), nil },
	}
}

// wipeNeed is a folder that the driver can empty, of a store that tells it from the
// next.
func wipeNeed() Need {
	return Need{Name: "folders that can be emptied", Probe: func(ctx context.Context, c cluster.Cluster) error {
		if _, ok := cluster.As[cluster.Wiper](c); !ok {
			return fmt.Errorf("the %s driver cannot empty a folder", c.Name())
		}
		s, err := c.Status(ctx, c.Nodes()[0])
		if err == nil && s.Incarnation == "" {
			err = errors.New("the store does not tell one folder of a node from another")
		}
		return err
	}}
}

// Name implements Fault.
func (w *wipe) Name() string { return "wipe " + names([]int{w.id}) }

// Inject implements Fault.
func (w *wipe) Inject(ctx context.Context, c cluster.Cluster) (proof.Evidence, error) {
	start := time.Now()
	if err := allTakenIn(ctx, c); err != nil {
		return proof.Since(start, "wipe", names([]int{w.id}), proof.Indeterminate, err.Error()), nil
	}
	s, err := c.Status(ctx, w.id)
	if err != nil {
		return proof.Fail(start, "wipe", names([]int{w.id}), err)
	}
	if _, err := c.Kill(ctx, w.id); err != nil {
		return proof.Fail(start, "wipe", names([]int{w.id}), err)
	}
	d, _ := cluster.As[cluster.Wiper](c) // wipeNeed has looked
	e, err := d.Wipe(ctx, w.id)
	if err == nil && e.Outcome == proof.Installed {
		w.was = s.Incarnation
	}
	return e, err
}

// allTakenIn says why no folder may be emptied now: an earlier one may not be a
// voter again yet, and two of them may be all that a majority holds.
func allTakenIn(ctx context.Context, c cluster.Cluster) error {
	ctx, cancel := context.WithTimeout(ctx, takenIn)
	defer cancel()
	cl, err := admin(c)
	if err != nil {
		return err
	}
	defer func() { _ = cl.Close() }() // its only error is a second Close
	ms, err := cl.Members(ctx)
	if err == nil && ms.Pending {
		err = errors.New("a change of members is under way")
	}
	for _, m := range ms.Members {
		if m.NewFolder {
			err = fmt.Errorf("n%d is not taken in again yet", m.ID)
		}
	}
	return err
}

// Heal implements Fault.
func (w *wipe) Heal(ctx context.Context, c cluster.Cluster) (proof.Evidence, error) {
	start := time.Now()
	e, err := undo(ctx, c, "start", []int{w.id}, cluster.Exited, c.Start)
	if err != nil || w.was == "" {
		return e, err
	}
	seen, err := w.awaitVoter(ctx, c)
	if err != nil { // the cluster may not have been able to: other faults may hold
		return proof.Since(start, "take in again", names([]int{w.id}), proof.Indeterminate, err.Error()), nil
	}
	return proof.Since(start, "take in again", names([]int{w.id}), proof.Installed, seen), nil
}

// awaitVoter waits until the leader lists the node once, as a voter, by the folder
// that it has now.
func (w *wipe) awaitVoter(ctx context.Context, c cluster.Cluster) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, takenIn)
	defer cancel()
	cl, err := admin(c)
	if err != nil {
		return "", err
	}
	defer func() { _ = cl.Close() }() // its only error is a second Close
	var now string
	err = poll(ctx, "n%d is no voter by its new folder", w.id, func() bool {
		s, err := c.Status(ctx, w.id)
		if err != nil || s.Incarnation == w.was {
			return false
		}
		now = s.Incarnation
		ms, err := cl.Members(ctx)
		rows := 0
		voter := false
		for _, m := range ms.Members {
			if m.ID == uint64(w.id) {
				rows++
				voter = m.Role == "voter" && fmt.Sprintf("%012x", m.Incarnation) == now
			}
		}
		return err == nil && !ms.Pending && rows == 1 && voter
	})
	return fmt.Sprintf("its folder was %s and is %s, by which it is a voter", w.was, now), err
}
