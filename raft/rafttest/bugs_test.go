//go:build raftkv_bugs

package rafttest

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"raftkv/raft"
)

var bugName = flag.String("bug", "", "the only bug that TestEveryBugInTheEngineIsCaught plants, by its name there")

// engineBug is a bug in the engine, and what has to find it.
type engineBug struct {
	bug  raft.Bug
	name string
	// rules are the checkers of which one must be the first to speak; docs/PLANTED.md
	// says why there are several.
	rules []string
	// within bounds the seeds it may take.
	within uint64
	// options bring a rare bug out: the faults that matter, and a cluster's size.
	options Options
}

// engineBugs is docs/PLANTED.md's table.
var engineBugs = []engineBug{
	{bug: raft.BugReadBeforeNoOp, name: "read before no-op", rules: []string{"read index"}, within: 60},
	{bug: raft.BugReadJoinsRound, name: "read joins a round", rules: []string{"read index"}, within: 60},
	{bug: raft.BugCommitByCounting, name: "commit by counting", rules: []string{"commit by counting"}, within: 60},
	{bug: raft.BugCommitUnverified, name: "commit unverified", rules: []string{"state machine safety"}, within: 60},
	{bug: raft.BugLeaderCountsItself, name: "leader counts itself", rules: []string{"quorum durable"}, within: 20},
	{bug: raft.BugVoteBeforeDisk, name: "vote before disk", rules: []string{"vote durable"}, within: 20},
	{bug: raft.BugAckBeforeDisk, name: "ack before disk", rules: []string{"acknowledged durable", "term durable"}, within: 20},
	{bug: raft.BugStepDownClearsVote, name: "step-down clears vote", rules: []string{"vote kept", "vote durable"}, within: 20},
	{bug: raft.BugQuorumOneShort, name: "quorum one short", rules: []string{"election safety", "vote durable", "leader completeness", "term inflation"}, within: 20},
	{bug: raft.BugEveryLogUpToDate, name: "every log up to date", rules: []string{"leader completeness", "panic"}, within: 60},
	{bug: raft.BugReplyTermIgnored, name: "reply term ignored", rules: []string{"liveness"}, within: 200},
	{bug: raft.BugOldLeaderGoesOn, name: "old leader goes on", rules: []string{"panic", "election safety", "vote durable"}, within: 60},
	{bug: raft.BugConflictKept, name: "conflict kept", rules: []string{"log matching", "state machine safety", "quorum durable"}, within: 60},
	{bug: raft.BugSnapshotKeepsSuffix, name: "snapshot keeps suffix", rules: []string{"state machine safety"}, within: 200,
		options: Options{Nodes: 5, Faults: []string{"burst on a leader cut off", "isolate leader", "crash leader"}}},
	{bug: raft.BugNoPreVote, name: "no pre-vote", rules: []string{"term inflation"}, within: 20},
	{bug: raft.BugPreVoteTermKept, name: "pre-vote keeps term", rules: []string{"liveness"}, within: 200,
		// Whoever alone holds the longest log must be behind in its term as well.
		options: Options{Nodes: 4, Faults: []string{"disk stall on leader", "burst on a leader cut off", "crash loop", "random links"}}},
	{bug: raft.BugLiveLeaderIgnored, name: "live leader ignored", rules: []string{"stability"}, within: 60},
	{bug: raft.BugNoCheckQuorum, name: "no check-quorum", rules: []string{"liveness"}, within: 200},
	{bug: raft.BugStalledLeaderStays, name: "stalled leader stays", rules: []string{"liveness"}, within: 200,
		options: Options{Nodes: 3, Duration: 5 * time.Second, Faults: []string{"disk stall on leader"}}},
	{bug: raft.BugLeaseFromAnswer, name: "lease from the answer", rules: []string{"lease", "read index"}, within: 400,
		options: Options{Nodes: 3, Leases: true, Faults: []string{"pause leader behind a cut", "drift"}}},
	{bug: raft.BugLeaseKeptInTransfer, name: "lease kept in a transfer", rules: []string{"lease", "read index"}, within: 400,
		options: Options{Nodes: 3, Leases: true, Faults: []string{"transfer by a deaf leader", "drift"}}},
	{bug: raft.BugPromiseForgotten, name: "promise forgotten", rules: []string{"promise kept"}, within: 400,
		options: Options{Nodes: 3, Leases: true, Faults: []string{"crash", "crash loop", "campaign", "leader from peers only"}}},
	{bug: raft.BugPromiseEndsWithTerm, name: "promise ends with the term", rules: []string{"promise kept"}, within: 400,
		options: Options{Nodes: 3, Leases: true, Faults: []string{"random links", "campaign", "transfer", "slow network"}}},
	{bug: raft.BugConfIgnoresDamage, name: "change ignores damage", rules: []string{"liveness"}, within: 200,
		options: Options{Nodes: 3, Duration: 10 * time.Second, Faults: []string{membershipFault, damageFault, "crash leader"}}},
}

// Every bug planted in the engine is caught, by the checker that is there for
// it, within a bounded number of seeds. Bugs come one after the other: they are
// a variable of the engine's package.
func TestEveryBugInTheEngineIsCaught(t *testing.T) {
	for _, b := range engineBugs {
		t.Run(strings.ReplaceAll(b.name, " ", "-"), func(t *testing.T) {
			if *bugName != "" && *bugName != b.name {
				t.Skip("another bug was asked for")
			}
			raft.Planted = b.bug
			t.Cleanup(func() { raft.Planted = raft.NoBug })
			f, seeds := huntBug(b)
			require.NotNil(t, f, "not caught within %d seeds", b.within)
			t.Logf("caught after %d seeds: %s: %s", seeds, f.Rule, f.Detail)
			tell(t, "| %s | %s | %d |\n", b.name, f.Rule, seeds)
			assert.True(t, slices.Contains(b.rules, f.Rule), "caught by %q, expected one of %q", f.Rule, b.rules)
		})
	}
}

// plantInEngine plants the bug of that name for the rest of a test, and says how
// to bring it out.
func plantInEngine(t *testing.T, name string) (Options, bool) {
	for _, b := range engineBugs {
		if b.name == name {
			raft.Planted = b.bug
			t.Cleanup(func() { raft.Planted = raft.NoBug })
			return b.options, true
		}
	}
	return Options{}, false
}

// A bug in the engine is cut down to few faults.
func TestShrinkReducesABugInTheEngine(t *testing.T) {
	o, ok := plantInEngine(t, "change ignores damage")
	require.True(t, ok)
	f, _ := huntBug(engineBug{options: o, within: 200})
	require.NotNil(t, f)
	o.Seed = f.Seed
	small, _ := shrinks(t, o)
	assert.LessOrEqual(t, len(small.Keep.Faults), 5)
}

// The engine that can make mistakes makes none unless it is told to.
func TestNoBugIsPlantedUnlessAskedFor(t *testing.T) {
	for seed := uint64(1); seed <= 20; seed++ {
		r := Run(Options{Seed: seed, Duration: 10 * time.Second})
		require.Nil(t, r.Failure, "%v", r.Failure)
	}
}

// huntBug runs seeds until one fails. It tells the lowest that did, and how
// many it took.
func huntBug(b engineBug) (*Failure, uint64) {
	results := make([]*Failure, b.within+1)
	var lowest atomic.Uint64
	lowest.Store(b.within + 1)
	var g errgroup.Group
	g.SetLimit(2)
	for seed := uint64(1); seed <= b.within; seed++ {
		g.Go(func() error {
			if seed > lowest.Load() {
				return nil
			}
			o := b.options
			o.Seed = seed
			if results[seed] = Run(o).Failure; results[seed] != nil {
				lower(&lowest, seed)
			}
			return nil
		})
	}
	_ = g.Wait() // no run gives an error
	if found := lowest.Load(); found <= b.within {
		return results[found], found
	}
	return nil, b.within
}

func lower(v *atomic.Uint64, to uint64) {
	for was := v.Load(); to < was && !v.CompareAndSwap(was, to); was = v.Load() {
	}
}

// tell appends a line of docs/PLANTED.md's table to the file that RAFTKV_PLANTED
// names, if it does.
func tell(t *testing.T, format string, args ...any) {
	path := os.Getenv("RAFTKV_PLANTED")
	if path == "" {
		return
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	require.NoError(t, err)
	_, err = fmt.Fprintf(f, format, args...)
	require.NoError(t, err)
	require.NoError(t, f.Close())
}
