//go:build raftkv_bugs

package raft

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The small-world search finds the loss of a committed entry that counting an
// older term's entry causes (figure 8), from the same start and to the same
// depth at which it finds nothing without that bug.
func TestSmallWorldFindsFigure8(t *testing.T) {
	near := search{start: nearFigure8(budget{campaigns: 3}), depth: 11, states: 1_500_000}
	require.Empty(t, near.run().broken)
	f := withBug(t, BugCommitByCounting, near)
	t.Logf("%s\n%v, after:\n%s", f.broken, f, f.path.lines())
	assert.Contains(t, f.broken, "leader completeness")
}

// It finds others from an empty cluster.
func TestSmallWorldFindsOtherBugs(t *testing.T) {
	for _, c := range []struct {
		bug   Bug
		world int
		rule  string
	}{
		{BugQuorumOneShort, 0, "election safety"},
		{BugStepDownClearsVote, 0, "election safety"},
		{BugVoteBeforeDisk, 2, "election safety"},
		{BugLeaderCountsItself, 2, "quorum durable"},
		{BugEveryLogUpToDate, 1, "leader completeness"},
	} {
		f := withBug(t, c.bug, smallWorlds()[c.world])
		t.Logf("bug %d: %s, %v", c.bug, f.broken, f)
		assert.Contains(t, f.broken, c.rule, "bug %d", c.bug)
	}
}

func withBug(t *testing.T, b Bug, s search) found {
	Planted = b
	defer func() { Planted = NoBug }()
	if s.states == 0 {
		s.states = 400_000
	}
	return s.run()
}
