package raft

import (
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var (
	worldDepth  = flag.Int("world.depth", 0, "how deep TestSmallWorlds searches; 0: as deep as its states allow")
	worldStates = flag.Int("world.states", 60_000, "how many states TestSmallWorlds may visit in each world; 0: no bound")
)

// search is a breadth-first walk over all interleavings: of delivery, loss
// (never delivered), duplication, campaigns, crashes with restarts, proposals,
// heartbeats and, with an asynchronous disk, the completion of writes.
type search struct {
	name   string
	start  *world
	async  bool
	depth  int
	states int // a bound, if above 0
}

// found is what a search gave.
type found struct {
	states, steps int
	depth         int // searched completely
	broken        string
	path          *trail
}

func (f found) String() string {
	return fmt.Sprintf("%d states, %d steps, complete to depth %d", f.states, f.steps, f.depth)
}

// run visits every state up to the depth once, shallow ones first, so that the
// path to a broken rule is a shortest one.
func (s search) run() found {
	var f found
	visited := map[uint64]struct{}{s.start.sum(): {}}
	layer := []*world{s.start}
	for f.depth < s.depth && len(layer) > 0 {
		var deeper []*world
		for i, w := range layer {
			layer[i] = nil
			for _, a := range w.actions() {
				next, broken := w.after(a, s.async)
				f.steps++
				if broken == "" {
					broken = next.check(a.node)
				}
				if broken != "" {
					f.broken, f.path = broken, &trail{w.trail, a}
					f.states = len(visited)
					return f
				}
				sum := next.sum()
				if _, known := visited[sum]; known {
					continue
				}
				if visited[sum] = struct{}{}; s.states > 0 && len(visited) >= s.states {
					f.states = len(visited)
					return f
				}
				deeper = append(deeper, next)
			}
		}
		layer = deeper
		f.depth++
	}
	f.states = len(visited)
	return f
}

// lines is a path, first step first.
func (t *trail) lines() string {
	var out []string
	for ; t != nil; t = t.before {
		out = append([]string{t.act.String()}, out...)
	}
	return strings.Join(out, "\n")
}

// newWorld is a cluster that has just started, from the given disks.
func newWorld(left budget, disks ...smallNode) *world {
	w := &world{left: left, seen: &ghost{}}
	var conf ConfState
	for i := range disks {
		conf.Voters = append(conf.Voters, uint64(i+1))
	}
	for i, d := range disks {
		cfg := testConfig(uint64(i+1), conf)
		cfg.Rand = func(int) int { return 0 }
		cfg.MaxMsgBytes = 1 // one entry a message: more interleavings
		cfg.HardState, cfg.Entries = d.hs, d.entries
		eng, err := New(cfg)
		if err != nil {
			panic(err)
		}
		s := &smallNode{eng: eng, hs: d.hs, entries: d.entries}
		s.seal(nil)
		w.nodes = append(w.nodes, s)
	}
	return w
}

// nearFigure8 is figure 8 (a) to (b) of the paper with three nodes: node 1 has
// led term 1 and node 2 term 2, and each has an entry that nobody else holds.
// From here eleven steps lead to the loss that counting an older term's entry
// would cause; from an empty cluster it takes about twenty.
func nearFigure8(left budget) *world {
	return newWorld(left,
		smallNode{hs: HardState{Term: 2}, entries: entriesOf(1)},
		smallNode{hs: HardState{Term: 2, Vote: 2}, entries: entriesOf(2)},
		smallNode{hs: HardState{Term: 2, Vote: 2}},
	)
}

// smallWorlds are the searches that every run of the tests makes, within the
// flags' bounds. 500,000 states each take a minute and 3 GB.
func smallWorlds() []search {
	empty := make([]smallNode, 3)
	return []search{
		{name: "elections", depth: 20, start: newWorld(budget{campaigns: 3, crashes: 1, copies: 1}, empty...)},
		{name: "replication", depth: 20, start: newWorld(budget{campaigns: 2, proposals: 1, beats: 1, crashes: 1, copies: 1}, empty...)},
		{name: "slow disks", depth: 20, async: true, start: newWorld(budget{campaigns: 2, proposals: 1, crashes: 2, copies: 1}, empty...)},
		{name: "near figure 8", depth: 20, start: nearFigure8(budget{campaigns: 3})},
	}
}

// No interleaving breaks an invariant, in every state up to the depth.
func TestSmallWorlds(t *testing.T) {
	for _, s := range smallWorlds() {
		t.Run(strings.ReplaceAll(s.name, " ", "-"), func(t *testing.T) {
			if *worldDepth > 0 {
				s.depth = *worldDepth
			}
			s.states = *worldStates
			require.True(t, s.states > 0 || *worldDepth > 0, "-world.states 0 needs a -world.depth")
			began := time.Now()
			f := s.run()
			require.Empty(t, f.broken, "after:\n%s", f.path.lines())
			t.Logf("%v, %.1f s", f, time.Since(began).Seconds())
		})
	}
}

// The search is deterministic: the same states, and as many.
func TestSmallWorldsAreTheSameEachTime(t *testing.T) {
	a, b := smallWorlds()[0], smallWorlds()[0]
	a.depth, b.depth = 5, 5
	require.Equal(t, a.run(), b.run())
}
