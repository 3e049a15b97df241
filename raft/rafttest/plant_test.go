package rafttest

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// plantedWithin is how many seeds may pass before a planted bug is caught.
const plantedWithin = 300

// Every planted bug is caught by some seed. A simulator that lets one through
// proves nothing when it is green.
func TestEveryPlantedBugIsCaught(t *testing.T) {
	for _, p := range Plants() {
		t.Run(strings.ReplaceAll(string(p), " ", "-"), func(t *testing.T) {
			t.Parallel()
			f := hunt(p, Options{Faults: plantFaults[p]})
			require.NotNil(t, f, "not caught within %d seeds", plantedWithin)
			t.Logf("caught at seed %d: %s: %s", f.Seed, f.Rule, f.Detail)
			assert.Contains(t, plantRules[p], f.Rule, "caught by another checker than docs/PLANTED.md says")
		})
	}
}

// plantFaults names the faults that bring a rare bug out.
var plantFaults = map[Plant][]string{
	PlantNewestMembership: {membershipFault},
	PlantForgedRound:      {"leader from peers only", "pause leader", "drift", "slow network"},
}

// plantRules names the checkers of which one has to speak first.
var plantRules = map[Plant][]string{
	PlantAckBeforeSync:    {"vote durable", "quorum durable", "acknowledged durable"},
	PlantForgetVote:       {"vote kept", "election safety"},
	PlantReadFromMemory:   {"history VIOLATION"},
	PlantReadUnapplied:    {"history VIOLATION"},
	PlantStaleSuffix:      {"recovery", "log matching", "state machine safety"},
	PlantInstallUndurable: {"acknowledged durable", "recovery"},
	PlantCompactFirst:     {"acknowledged durable", "recovery"},
	PlantForgetAnswers:    {"state machine safety", "history VIOLATION"},
	PlantRetryTwice:       {"history VIOLATION"},
	PlantLocalApply:       {"state machine safety"},
	PlantHeartbeatCommit:  {"engine"}, // ErrLost
	PlantGrantAlways:      {"election safety", "vote durable", "vote kept"},
	PlantForgedRound:      {"read index"},
	PlantAckTooMuch:       {"quorum durable", "acknowledged durable", "engine"},
	PlantNewestMembership: {"panic"},
	PlantDamageIsAbsence:  {"engine", "leader completeness"}, // ErrLost
	PlantWipedVotes:       {"incarnation"},
	PlantReceiverSeals:    {"log matching", "engine", "state machine safety"},
	PlantOldVoteCounts:    {"quorum durable", "election safety"},
	PlantHalfRestore:      {"half a restore serves", "liveness"}, // where half is left out: nobody serves
}

// plantOptions is how to run with the bug of that name; one in the engine needs a
// build with the tag raftkv_bugs.
func plantOptions(t *testing.T, name string) Options {
	if p := Plant(name); slices.Contains(Plants(), p) {
		return Options{Plant: p, Faults: plantFaults[p]}
	}
	o, ok := plantInEngine(t, name)
	require.True(t, ok, "no bug to plant is called %q; there are %q and, with -tags raftkv_bugs, those of docs/PLANTED.md", name, Plants())
	return o
}

// Half a restore that founds may first show as nobody being served; that it serves
// has a rule of its own, which must see it too.
func TestHalfARestoreThatServesIsSeenByItsOwnRule(t *testing.T) {
	for seed := uint64(1); seed <= 100; seed++ {
		if r := Run(Options{Seed: seed, SkipJudge: true, Plant: PlantHalfRestore}); r.Failure != nil && r.Failure.Rule == "half a restore serves" {
			return
		}
	}
	t.Fatal("no seed of a hundred shows it")
}

// hunt runs seeds until one fails.
func hunt(p Plant, o Options) *Failure {
	for seed := uint64(1); seed <= plantedWithin; seed++ {
		o.Seed, o.Plant = seed, p
		if r := Run(o); r.Failure != nil {
			return r.Failure
		}
	}
	return nil
}
