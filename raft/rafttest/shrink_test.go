package rafttest

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var shrinkIt = flag.Bool("shrink", false, "let TestShrink reduce the run of -seed")

// TestShrink is `make shrink`: it reduces a run that fails and tells what is left.
func TestShrink(t *testing.T) {
	if !*shrinkIt {
		t.Skip("asked for by make shrink")
	}
	o := flagOptions(t)
	o.Seed = *firstSeed
	small, r, ok := Shrink(o, os.Stderr)
	require.True(t, ok, "seed %d does not fail: there is nothing to shrink", o.Seed)
	fmt.Printf("%s\n%s\nFAILURE: %v\nrepeat with: make sim SEED=%d SEEDS=1 DURATION=%v KEEP='%v'%s\n",
		r.Failure.Trace, Describe(small, r), r.Failure, small.Seed, small.duration(), small.Keep, givenToMake("PLANT", "FAULTS", "NODES"))
}

// A run of a planted bug is cut down to little, and what is left fails again in
// the same way, to the last line of its trace.
func TestShrinkReducesAPlantedBug(t *testing.T) {
	t.Parallel()
	f := hunt(PlantRetryTwice, Options{})
	require.NotNil(t, f)
	shrinks(t, Options{Seed: f.Seed, Plant: PlantRetryTwice})
}

// shrinks tests what a shrunken run has to keep, and gives it back.
func shrinks(t *testing.T, o Options) (Options, Result) {
	t.Helper()
	whole := Run(o)
	small, r, ok := Shrink(o, nil)
	require.True(t, ok)
	t.Logf("%d faults and %d calls of %d and %d are left, after %v: %v", len(small.Keep.Faults), len(small.Keep.Calls),
		len(whole.Faults), len(whole.Calls), small.Duration, r.Failure)
	assert.Equal(t, whole.Failure.Rule, r.Failure.Rule)
	assert.Less(t, 2*(len(small.Keep.Faults)+len(small.Keep.Calls)), len(whole.Faults)+len(whole.Calls))

	keep, err := ParseKeep(small.Keep.String())
	require.NoError(t, err)
	again := small
	again.Keep = keep
	assert.Equal(t, r.Hash, Run(again).Hash, "the printed cut is the run that fails")
	return small, r
}

func TestShrinkRefusesARunThatDoesNotFail(t *testing.T) {
	_, _, ok := Shrink(Options{Seed: 1, Duration: time.Second}, nil)
	assert.False(t, ok)
}

// A cut that keeps all that happened is the whole run.
func TestCutThatLeavesNothingOutIsTheSameRun(t *testing.T) {
	t.Parallel()
	for seed := uint64(1); seed <= 5; seed++ {
		o := Options{Seed: seed, Duration: 10 * time.Second, SkipJudge: true}
		whole := Run(o)
		o.Keep = (&shrinker{result: whole}).everything()
		assert.Equal(t, whole.Hash, Run(o).Hash, "seed %d", seed)
		require.NotEmpty(t, whole.Faults)
		o.Keep.Faults = o.Keep.Faults[1:]
		half := Run(o)
		assert.NotEqual(t, whole.Hash, half.Hash)
		assert.Equal(t, half.Hash, Run(o).Hash)
		assert.Len(t, half.Faults, len(whole.Faults)-1)
	}
}

func TestDeltaDebuggingFindsTheFewThatMatter(t *testing.T) {
	items := make([]int, 100)
	for i := range items {
		items[i] = i
	}
	for _, culprits := range [][]int{{}, {0}, {99}, {3, 50}, {17, 18, 19, 77}} {
		runs := 0
		got := ddmin(items, func(part []int) bool {
			runs++
			for _, c := range culprits {
				if !slices.Contains(part, c) {
					return false
				}
			}
			return true
		})
		assert.Equal(t, culprits, got)
		assert.Less(t, runs, 150)
	}
}

func TestKeepIsReadAsItIsWritten(t *testing.T) {
	for _, k := range []Keep{
		{}, {Faults: []uint64{}}, {Faults: []uint64{3, 7}, Calls: []uint64{1000002}},
		{Calls: []uint64{}, Troubles: []string{"client loss", "loss"}}, {Troubles: []string{}},
	} {
		got, err := ParseKeep(k.String())
		require.NoError(t, err)
		assert.Equal(t, k, got)
	}
	for _, bad := range []string{"faults=x", "calls=-1", "troubles=rain", "what=1"} {
		_, err := ParseKeep(bad)
		assert.ErrorContains(t, err, bad)
	}
}
