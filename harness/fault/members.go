package fault

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"raftkv/client"
	"raftkv/harness/cluster"
	"raftkv/harness/proof"
)

type members struct{ voters []int }

// Members makes the nodes the cluster's voters, whoever was before: those that
// are missing learn the log, then all changes at one stroke. Nodes that are no
// member have to be running. The heal leaves it so. It is skipped where they vote
// already, and nobody else.
func Members(voters ...int) Fault { return Needing(members{voters}, hasAdmin()) }

// Name implements Fault.
func (m members) Name() string { return "voters " + names(m.voters) }

// Inject implements Fault.
func (m members) Inject(ctx context.Context, c cluster.Cluster) (proof.Evidence, error) {
	start := time.Now()
	detail, err := m.change(ctx, c)
	if errors.Is(err, errVoteAlready) {
		return proof.Since(start, "make voters", names(m.voters), proof.Skipped, err.Error()), nil
	}
	if err != nil { // other faults may hold; and it may yet happen
		return proof.Since(start, "make voters", names(m.voters), proof.Indeterminate, err.Error()), nil
	}
	return proof.Since(start, "make voters", names(m.voters), proof.Installed, detail), nil
}

// Heal implements Fault: there is nothing to undo.
func (m members) Heal(context.Context, cluster.Cluster) (proof.Evidence, error) {
	return proof.Since(time.Now(), "keep voters", names(m.voters), proof.Installed, "the membership stays"), nil
}

var errVoteAlready = errors.New("they are the voters already")

// change goes from who votes now to who shall.
func (m members) change(ctx context.Context, c cluster.Cluster) (string, error) {
	cl, err := admin(c)
	if err != nil {
		return "", err
	}
	defer func() { _ = cl.Close() }() // its only error is a second Close
	before, err := votersOf(ctx, cl)
	if err != nil {
		return "", err
	}
	incoming, step := m.steps(before)
	if len(step.Promote)+len(step.Remove) == 0 {
		return "", errVoteAlready
	}
	for _, mc := range []client.MemberChange{{Add: incoming}, step} {
		if _, err := cl.ChangeMembers(ctx, mc); err != nil {
			return "", err
		}
	}
	return m.verify(ctx, cl, before)
}

// steps are whom to add as learners first, and the change that follows.
func (m members) steps(before []uint64) (incoming map[uint64]string, step client.MemberChange) {
	incoming = map[uint64]string{}
	for _, id := range m.voters {
		if id := uint64(id); !slices.Contains(before, id) {
			incoming[id] = "" // every node has been told how to dial every other
			step.Promote = append(step.Promote, id)
		}
	}
	for _, id := range before {
		if !slices.Contains(m.voters, int(id)) {
			step.Remove = append(step.Remove, id)
		}
	}
	return incoming, step
}

// verify reads back what the leader says.
func (m members) verify(ctx context.Context, cl *client.Client, before []uint64) (string, error) {
	after, err := votersOf(ctx, cl)
	if err != nil {
		return "", err
	}
	if len(after) != len(m.voters) || slices.ContainsFunc(m.voters, func(id int) bool { return !slices.Contains(after, uint64(id)) }) {
		return "", fmt.Errorf("the voters are %v", after)
	}
	return fmt.Sprintf("voters %v, before %v", after, before), nil
}

func votersOf(ctx context.Context, cl *client.Client) (ids []uint64, err error) {
	ms, err := cl.Members(ctx)
	for _, m := range ms.Members {
		if m.Role != "learner" {
			ids = append(ids, m.ID)
		}
	}
	return ids, err
}
