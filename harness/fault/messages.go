package fault

import (
	"context"
	"fmt"
	"time"

	"raftkv/harness/cluster"
	"raftkv/harness/proof"
)

// Fate is what befalls some of the messages that a node sends to its peers.
type Fate string

// The fates.
const (
	Lost       Fate = "lost"
	Duplicated Fate = "duplicated"
	// Reordered messages are held back until the next one has gone.
	Reordered Fate = "reordered"
)

// of reads what a node says about the fate.
func (f Fate) of(l lever) (percent int, count uint64) {
	switch f {
	case Lost:
		return l.LostPercent, l.Lost
	case Duplicated:
		return l.DuplicatedPercent, l.Duplicated
	default:
		return l.ReorderedPercent, l.Reordered
	}
}

type messages struct {
	fate    Fate
	percent int
	ids     []int
}

// Messages has the fate befall a percentage of the messages that each of the nodes
// sends, drawn one by one, inside the node's own transport: no proxy of streams can
// do that. It needs a build for testing.
func Messages(f Fate, percent int, ids ...int) Fault {
	return Needing(messages{f, percent, ids}, forTesting())
}

// Name implements Fault.
func (m messages) Name() string {
	return fmt.Sprintf("%d%% of the messages of %s %s", m.percent, names(m.ids), m.fate)
}

// Inject implements Fault. It is proved by a message that it has befallen, for
// which it waits: members always have something to say to each other.
func (m messages) Inject(ctx context.Context, c cluster.Cluster) (proof.Evidence, error) {
	return onNodes(ctx, string(m.fate), m.ids, func(ctx context.Context, id int) (proof.Evidence, error) {
		start, target := time.Now(), names([]int{id})
		was, err := m.set(ctx, c, id, m.percent)
		if err != nil {
			return proof.Fail(start, string(m.fate), target, err)
		}
		befell, err := m.await(ctx, c, id, was)
		if err != nil {
			return proof.Since(start, string(m.fate), target, proof.Indeterminate, "read back; "+err.Error()), nil
		}
		return proof.Since(start, string(m.fate), target, proof.Installed, fmt.Sprintf("read back; %d %s so far", befell, m.fate)), nil
	})
}

// Heal implements Fault. The count says how many messages it befell in all.
func (m messages) Heal(ctx context.Context, c cluster.Cluster) (proof.Evidence, error) {
	return onNodes(ctx, "heal", m.ids, func(ctx context.Context, id int) (proof.Evidence, error) {
		start, target := time.Now(), names([]int{id})
		if s, err := c.State(ctx, id); err == nil && s.Phase != cluster.Running {
			return proof.Since(start, "heal", target, proof.Indeterminate, "it is "+s.String()), nil
		}
		befell, err := m.set(ctx, c, id, 0)
		if err != nil {
			return proof.Fail(start, "heal", target, err)
		}
		return proof.Since(start, "heal", target, proof.Installed, fmt.Sprintf("read back; %d were %s", befell, m.fate)), nil
	})
}

// set sets the percentage, reads it back, and gives the count.
func (m messages) set(ctx context.Context, c cluster.Cluster, id, percent int) (uint64, error) {
	if _, err := pull(ctx, c, id, networkPage, fmt.Sprintf("%s=%d", m.fate, percent)); err != nil {
		return 0, err
	}
	l, err := look(ctx, c, id, networkPage)
	is, count := m.fate.of(l)
	if err == nil && is != percent {
		err = fmt.Errorf("read back: %d%% are %s, not %d%%", is, m.fate, percent)
	}
	return count, err
}

// await waits until the count has risen.
func (m messages) await(ctx context.Context, c cluster.Cluster, id int, was uint64) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, cluster.NodeTimeout)
	defer cancel()
	befell := uint64(0)
	err := poll(ctx, "wait for a message of n%d that it befalls", id, func() bool {
		l, err := look(ctx, c, id, networkPage)
		_, count := m.fate.of(l)
		befell = count - was
		return err == nil && count > was
	})
	return befell, err
}
