package rafttest

import (
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What `make sim` and `make shrink` pass on.
var (
	firstSeed  = flag.Uint64("seed", 1, "the first seed of TestSeeds, and the one that TestShrink reduces")
	seedCount  = flag.Uint64("seeds", 200, "how many seeds TestSeeds runs")
	jobs       = flag.Int("jobs", runtime.GOMAXPROCS(0), "how many seeds TestSeeds runs at a time")
	progress   = flag.Bool("progress", false, "let TestSeeds tell how far it is, on standard error")
	duration   = flag.Duration("duration", 0, "virtual time of a run with faults; 30s unless the planted bug asks for another")
	nodeCount  = flag.Int("nodes", 0, "the number of voters; 0: each seed's own choice")
	plantName  = flag.String("plant", "", "a bug to plant in TestSeeds, by name")
	faultNames = flag.String("faults", "", "the only faults of TestSeeds, by name, separated by commas")
	keepText   = flag.String("keep", "", "cut the run down to this part of it, as TestShrink prints it")
	traceFile  = flag.String("tracefile", "", "write the whole trace of TestSeeds to this file; give one seed")
)

// mostUndecided is how many histories in a hundred the judge may leave open. Those
// of clusters that were away for long hold many operations of unknown outcome.
const mostUndecided = 1

// TestSeeds is the simulator at work: each seed is another cluster, other
// faults, another schedule.
func TestSeeds(t *testing.T) {
	o := flagOptions(t)
	o.Trace = traceWriter(t)
	s := &sweep{options: o, given: givenToMake("PLANT", "FAULTS", "NODES", "DURATION", "KEEP"), count: *seedCount, out: io.Discard}
	if *progress {
		s.out, s.started = os.Stderr, time.Now()
	}
	s.run(*firstSeed, *jobs)
	t.Log(s.summary())
	for i, f := range s.failures {
		if i == 0 && !*progress { // else it was told as it happened
			t.Log("the last steps:\n" + f.Trace)
		}
		t.Errorf("%v\nrepeat with: %s\nreduce with: %s", f, s.repeat(f.Seed), s.reduce(f.Seed))
	}
	assert.LessOrEqual(t, 100*s.undecided, mostUndecided*int(s.count)+99, "histories that the judge could not decide")
	assert.NotZero(t, s.total.Operations)
}

// flagOptions is what the flags say of every run; a planted bug may have faults
// of its own that bring it out.
func flagOptions(t *testing.T) Options {
	o := Options{}
	if *plantName != "" {
		o = plantOptions(t, *plantName)
	}
	if *duration != 0 {
		o.Duration = *duration
	}
	if *nodeCount != 0 {
		o.Nodes = *nodeCount
	}
	keep, err := ParseKeep(*keepText)
	require.NoError(t, err)
	o.Keep = keep
	if names := splitNames(*faultNames); len(names) > 0 {
		o.Faults = names
	}
	return o
}

// givenToMake is those of the named variables of the Makefile that were passed on
// to this test, to be passed on again.
func givenToMake(names ...string) string {
	given := ""
	values := map[string]string{"PLANT": *plantName, "FAULTS": *faultNames, "KEEP": *keepText}
	if *nodeCount != 0 {
		values["NODES"] = fmt.Sprint(*nodeCount)
	}
	if *duration != 0 {
		values["DURATION"] = duration.String()
	}
	for _, name := range names {
		if values[name] != "" {
			given += " " + name + "='" + strings.ReplaceAll(values[name], "'", `'"'"'`) + "'"
		}
	}
	return given
}

func splitNames(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' })
}

func traceWriter(t *testing.T) io.Writer {
	if *traceFile == "" {
		return nil
	}
	require.Equal(t, uint64(1), *seedCount, "one trace, one seed")
	f, err := os.Create(*traceFile)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	return f
}
