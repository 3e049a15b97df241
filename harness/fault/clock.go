package fault

import (
	"context"
	"fmt"
	"time"

	"raftkv/harness/cluster"
	"raftkv/harness/proof"
)

type clockJump struct {
	by  time.Duration
	ids []int
}

// ClockJump sets the clocks by which the nodes measure time ahead, as a machine
// does that was suspended. They never go back, so the heal leaves them and proves
// that they run at their speed. It needs a build for testing.
func ClockJump(by time.Duration, ids ...int) Fault {
	return Needing(clockJump{by, ids}, forTesting())
}

// Name implements Fault.
func (j clockJump) Name() string { return fmt.Sprintf("clock of %s %s ahead", names(j.ids), j.by) }

// Inject implements Fault.
func (j clockJump) Inject(ctx context.Context, c cluster.Cluster) (proof.Evidence, error) {
	return onNodes(ctx, "jump", j.ids, func(ctx context.Context, id int) (proof.Evidence, error) {
		start, target := time.Now(), names([]int{id})
		before, err := look(ctx, c, id, clockPage)
		if err != nil {
			return proof.Fail(start, "jump", target, err)
		}
		after, err := pull(ctx, c, id, clockPage, "jump="+j.by.String())
		went := time.Duration(after.NowNS - before.NowNS)
		if err == nil && went < j.by {
			err = fmt.Errorf("its clock went %s ahead, not %s", went, j.by)
		}
		if err != nil {
			return proof.Fail(start, "jump", target, err)
		}
		outcome, most := proof.Installed, after.told.Sub(before.asked)
		if went <= most { // it may have gone so far without a jump
			outcome = proof.Indeterminate
		}
		return proof.Since(start, "jump", target, outcome, fmt.Sprintf("its clock went %s ahead within %s", went, most)), nil
	})
}

// Heal implements Fault.
func (j clockJump) Heal(ctx context.Context, c cluster.Cluster) (proof.Evidence, error) {
	return onNodes(ctx, "heal", j.ids, atSpeed(c, 100))
}

type clockRate struct {
	percent int
	ids     []int
}

// ClockRate has the clocks by which the nodes measure time, and their ticks, run
// at a percentage of their speed. It needs a build for testing. A bound on
// staleness is kept by the node's own clock: at 50 percent it is twice as long.
func ClockRate(percent int, ids ...int) Fault {
	return Needing(clockRate{percent, ids}, forTesting())
}

// Name implements Fault.
func (r clockRate) Name() string {
	return fmt.Sprintf("clock of %s at %d%%", names(r.ids), r.percent)
}

// Inject implements Fault.
func (r clockRate) Inject(ctx context.Context, c cluster.Cluster) (proof.Evidence, error) {
	return onNodes(ctx, "rate", r.ids, atSpeed(c, r.percent))
}

// Heal implements Fault.
func (r clockRate) Heal(ctx context.Context, c cluster.Cluster) (proof.Evidence, error) {
	return onNodes(ctx, "heal", r.ids, atSpeed(c, 100))
}

// atSpeed sets a running node's clock to a speed, and measures it.
func atSpeed(c cluster.Cluster, percent int) nodeOp {
	return func(ctx context.Context, id int) (proof.Evidence, error) {
		start, target := time.Now(), names([]int{id})
		if s, err := c.State(ctx, id); err == nil && s.Phase != cluster.Running {
			return proof.Since(start, "rate", target, proof.Indeterminate, "it is "+s.String()), nil
		}
		from, err := pull(ctx, c, id, clockPage, fmt.Sprintf("percent=%d", percent))
		if err != nil {
			return proof.Fail(start, "rate", target, err)
		}
		detail, err := measure(ctx, c, id, from, percent)
		if err != nil {
			return proof.Fail(start, "rate", target, err)
		}
		return proof.Since(start, "rate", target, proof.Installed, detail), nil
	}
}

// measure waits until the node's clock has certainly gone at the speed and, if
// that is not 100 percent, certainly not at 100. What lies between asking and
// being told is unknown, so the time that went by here has a least and a most.
func measure(ctx context.Context, c cluster.Cluster, id int, from lever, percent int) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, cluster.NodeTimeout)
	defer cancel()
	var said string
	err := poll(ctx, "measure the clock of n%d", id, func() bool {
		to, err := look(ctx, c, id, clockPage)
		least, most := to.asked.Sub(from.told), to.told.Sub(from.asked)
		went := time.Duration(to.NowNS - from.NowNS)
		due := went * 100 / time.Duration(percent)
		said = fmt.Sprintf("its clock went %s in %s to %s", went, least, most)
		return err == nil && to.Percent == percent && least <= due && due <= most &&
			(percent == 100 || went < least || went > most)
	})
	if err != nil && said != "" {
		err = fmt.Errorf("%s: %w", said, err)
	}
	return said, err
}
