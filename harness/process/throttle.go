package process

import (
	"context"
	"fmt"
	"sync"
	"syscall"
	"time"

	"raftkv/harness/cluster"
	"raftkv/harness/proof"
)

const (
	// dutyPeriod is how often a throttled process is stopped and goes on.
	dutyPeriod = 50 * time.Millisecond
	// dutyLook spaces the looks at a throttled process, dutyLooks is how many of
	// them must see it stopped and how many running.
	dutyLook  = time.Millisecond
	dutyLooks = 10
)

// duty stops a node's process for a part of each period. One goroutine a
// throttled node; it outlives the node's restarts, as a slow machine does.
type duty struct {
	// mu keeps its signals apart from Pause and Resume, which go before.
	mu     sync.Mutex
	paused bool
	quit   chan struct{} // not nil while it is on; closed to end it
	ended  chan struct{}
}

var _ cluster.Throttler = (*Cluster)(nil)

// Throttle implements cluster.Throttler by SIGSTOP and SIGCONT.
func (c *Cluster) Throttle(ctx context.Context, id, percent int) (proof.Evidence, error) {
	return c.operate(ctx, "throttle", id, func(ctx context.Context, n *node) (string, error) {
		if err := cluster.CheckPercent(percent); err != nil {
			return "", err
		}
		if !n.running() {
			return "", errNotRunning
		}
		n.endDuty()
		n.startDuty(dutyPeriod * time.Duration(percent) / 100)
		return n.seenThrottled(ctx, percent)
	})
}

// Unthrottle implements cluster.Throttler.
func (c *Cluster) Unthrottle(ctx context.Context, id int) (proof.Evidence, error) {
	return c.operate(ctx, "unthrottle", id, func(ctx context.Context, n *node) (string, error) {
		n.endDuty()
		s, err := n.state()
		if err != nil || s.Phase != cluster.Running {
			return "it is " + s.String(), err
		}
		return s.Detail, cluster.WaitHealthy(ctx, n.adminAt, n.gone)
	})
}

func (n *node) startDuty(on time.Duration) {
	n.cpu.mu.Lock()
	defer n.cpu.mu.Unlock()
	quit, ended := make(chan struct{}), make(chan struct{})
	n.cpu.quit, n.cpu.ended = quit, ended
	go func() {
		defer close(ended)
		for {
			n.beat(syscall.SIGCONT)
			wait(quit, on)
			n.beat(syscall.SIGSTOP)
			if wait(quit, dutyPeriod-on) {
				n.beat(syscall.SIGCONT)
				return
			}
		}
	}()
}

// wait waits for d and says whether quit was closed before.
func wait(quit <-chan struct{}, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-quit:
		return true
	case <-t.C:
		return false
	}
}

// endDuty ends the goroutine if there is one, and lets the process run.
func (n *node) endDuty() {
	n.cpu.mu.Lock()
	quit, ended := n.cpu.quit, n.cpu.ended
	n.cpu.quit = nil
	n.cpu.mu.Unlock()
	if quit != nil {
		close(quit)
		<-ended
	}
}

// beat sends the signal unless the node is paused by Pause.
func (n *node) beat(sig syscall.Signal) {
	n.cpu.mu.Lock()
	defer n.cpu.mu.Unlock()
	if !n.cpu.paused {
		_ = n.signal(sig) // a node that does not run needs no throttle
	}
}

// hold says whether Pause has the node, whose signals then are not duty's.
func (n *node) hold(paused bool) {
	n.cpu.mu.Lock()
	defer n.cpu.mu.Unlock()
	n.cpu.paused = paused
}

// throttled says whether a stopped process is stopped for its throttle only.
func (n *node) throttled() bool {
	n.cpu.mu.Lock()
	defer n.cpu.mu.Unlock()
	return n.cpu.quit != nil && !n.cpu.paused
}

// seenThrottled looks until the process was often seen to run and to be stopped.
func (n *node) seenThrottled(ctx context.Context, percent int) (string, error) {
	seen := map[cluster.Phase]int{}
	for seen[cluster.Running] < dutyLooks || seen[cluster.Paused] < dutyLooks {
		phase, err := n.rawPhase()
		if err != nil {
			return "", err
		}
		seen[phase]++
		if wait(ctx.Done(), dutyLook) {
			return "", fmt.Errorf("seen running %d times and stopped %d times: %w: %w", seen[cluster.Running], seen[cluster.Paused], proof.ErrUnseen, ctx.Err())
		}
	}
	return fmt.Sprintf("%d percent of the time; seen running %d times, stopped %d times", percent, seen[cluster.Running], seen[cluster.Paused]), nil
}
