package scenarios

import (
	"context"
	"sync"
	"time"

	"raftkv/harness/live"
	"raftkv/harness/recorder"
)

// progressEvery is how often a running phase reports.
const progressEvery = 250 * time.Millisecond

// Update is how far a run has come.
type Update struct {
	Scenario string
	Phase    Phase
	// Elapsed is the time since the clients' clock started, Total a forecast.
	Elapsed, Total time.Duration
	Counts         recorder.Counts
	// Text is set when there is something to say: a phase, a fault, its proof.
	Text string
	// Fault is what is in place now, and Next the step that comes next; empty
	// when there is none.
	Fault, Next string
	// Nodes and Links are how the cluster looks; empty until it runs.
	Nodes []live.Node
	Links []live.Link
}

// meter reports progress: at each change of phase and at intervals. Updates
// come one at a time.
type meter struct {
	report func(Update)

	mu   sync.Mutex
	last Update
	// look, if set, fills in how the cluster looks.
	look func(*Update)
}

// seeing sets what looks at the cluster, or nil when there is none to look at.
func (m *meter) seeing(look func(*Update)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.look = look
}

// say reports a change.
func (m *meter) say(change func(*Update), text string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if change != nil {
		change(&m.last)
	}
	if m.report == nil {
		return
	}
	if m.look != nil {
		m.look(&m.last)
	}
	u := m.last
	u.Text = text
	m.report(u)
}

// watch reports at intervals until ctx ends.
func (m *meter) watch(ctx context.Context, now func() (time.Duration, recorder.Counts)) {
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			m.say(func(u *Update) { u.Elapsed, u.Counts = now() }, "")
		}
	}
}
