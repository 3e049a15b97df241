package rafttest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"raftkv/raft"
	"raftkv/raft/membership"
)

func TestEventsHappenInOrderOfTimeThenOfScheduling(t *testing.T) {
	var c clock
	var got []int
	for i, d := range []time.Duration{5, 1, 3, 1, 5, 0, 1} {
		c.after(d, func() { got = append(got, i) })
	}
	for c.step(4) {
	}
	assert.Equal(t, []int{5, 1, 3, 6, 2}, got)
	assert.Equal(t, time.Duration(4), c.now)
	for c.step(10) {
	}
	assert.Equal(t, []int{5, 1, 3, 6, 2, 0, 4}, got)
}

func entriesOf(first uint64, terms ...uint64) (out []raft.Entry) {
	for i, term := range terms {
		out = append(out, raft.Entry{Index: first + uint64(i), Term: term})
	}
	return out
}

// foundedAlready gives every founder a folder of a cluster that was founded before.
func (w *world) foundedAlready() {
	for _, number := range w.plan.voters {
		n := w.node(number)
		n.disk.record = membership.Record{Phase: membership.Member, Cluster: 1, Founders: w.plan.voters}
		w.checks.recorded(n, n.disk.record)
	}
}

// Of the write that was running a prefix survives, of those behind it nothing.
func TestCrashKeepsAPrefixOfTheRunningWrite(t *testing.T) {
	for keep := range 3 {
		var d disk
		put := func(first uint64) func() { return func() { require.NoError(t, d.append(entriesOf(first, 1))) } }
		d.queue = []write{{pieces: []func(){put(1), put(2)}}, {pieces: []func(){put(3)}}}
		d.running = 1
		kept, of := d.lose(func(n int) int { return min(n, keep) })
		assert.Equal(t, []int{keep, 2}, []int{kept, of})
		assert.Equal(t, uint64(keep), d.lastIndex())
		assert.Empty(t, d.queue)
	}
}

func TestRecoveryJoinsLogAndSnapshot(t *testing.T) {
	snapshot := snapshotFile{meta: raft.SnapshotMeta{Index: 5, Term: 2}}
	for name, c := range map[string]struct {
		log  []raft.Entry
		want []raft.Entry
	}{
		"the log agrees: the suffix stays": {entriesOf(4, 1, 2, 2, 3), entriesOf(6, 2, 3)},
		"the log disagrees: it goes":       {entriesOf(4, 1, 1, 1, 1), nil},
		"the log ends before the snapshot": {entriesOf(3, 1, 1), nil},
		"the log begins behind it":         {entriesOf(6, 2), entriesOf(6, 2)},
	} {
		d := disk{hs: raft.HardState{Term: 1, Vote: 3}, snap: snapshot, log: c.log}
		got, err := d.recover()
		require.NoError(t, err, name)
		assert.Equal(t, c.want, got, name)
		assert.Equal(t, raft.HardState{Term: 2}, d.hs, "%s: a snapshot proves its term, and no vote", name)
	}
	d := disk{snap: snapshot, log: entriesOf(8, 2)}
	_, err := d.recover()
	assert.Error(t, err, "a gap is lost data")
}

func TestCutsAreCountedAndHeldMessagesComeAtTheHealing(t *testing.T) {
	w := newWorld(Options{Seed: 1, Nodes: 2, Calm: true})
	w.foundedAlready()
	w.nodes[0].start()
	w.nodes[1].start()
	heard := func() uint64 { return w.nodes[1].eng.Term() }
	w.net.cut(1, 2, true)
	w.net.cut(1, 2, true)
	w.net.send(w.nodes[0], raft.Message{Type: raft.MsgHeartbeat, From: 1, To: 2, Term: 7}, snapshotFile{})
	w.net.heal(1, 2, true)
	w.until(100*time.Millisecond, func() bool { return heard() == 7 })
	assert.NotEqual(t, uint64(7), heard(), "still cut once")
	w.net.heal(1, 2, true)
	w.until(200*time.Millisecond, func() bool { return heard() == 7 })
	assert.Equal(t, uint64(7), heard())
}

// A failure can be read: what broke, and the lines that led there.
func TestFailureCarriesItsTrace(t *testing.T) {
	r := Run(Options{Seed: 1, Nodes: 3, Plant: PlantAckBeforeSync})
	require.NotNil(t, r.Failure)
	assert.Regexp(t, `^seed 1 at .*: vote durable: node \d+ tells its vote`, r.Failure.Error())
	assert.Contains(t, r.Failure.Trace, "ROLE    term 0 role 1")
	assert.NotContains(t, r.Failure.Trace, "%!")
}

// A full disk takes what it has room for, then no entries, but a term and a vote;
// one that fails takes nothing.
func TestADiskInTroubleRefusesWrites(t *testing.T) {
	running := func(d *disk, entries ...int) bool {
		d.queue = nil
		for _, n := range entries {
			d.queue = append(d.queue, write{entries: n})
		}
		d.running = len(entries)
		return d.takes()
	}
	full := disk{full: 1, room: 3}
	assert.True(t, running(&full, 1, 1))
	assert.False(t, running(&full, 1, 1), "two entries where one fits")
	assert.True(t, running(&full, 0))
	assert.True(t, running(&full, 1))
	assert.False(t, running(&full, 1))
	full.full--
	assert.True(t, running(&full, 1), "there is room again")
	assert.False(t, running(&disk{failing: 1}, 0))
}

// A node ends at the first write that fails, as often as it is started, and comes
// back when its disk does.
func TestNodeEndsAtAFailedWrite(t *testing.T) {
	w := newWorld(Options{Seed: 3, Nodes: 3, Calm: true, SkipJudge: true})
	for _, n := range w.nodes {
		n.start()
	}
	elected := func() bool { return w.leader(w.members) != 0 }
	require.True(t, w.until(5*time.Second, elected))
	n := w.node(w.leader(w.members))
	_, heal := w.nemesis.trouble(n, func(d *disk) { d.failing++ }, func(d *disk) { d.failing-- })
	for range 2 {
		n.start()
		term := n.eng.Term()
		n.eng.Campaign()
		_, _, _ = n.eng.Propose(nil) // whichever role it has, there is something to write
		n.wake()
		require.True(t, w.until(w.now+10*time.Second, func() bool { return !n.up }))
		require.False(t, n.up, "it ends at a write of term %d", term)
	}
	heal()
	require.True(t, n.up)
	require.True(t, w.until(w.now+2*time.Second, func() bool { return false }))
	assert.True(t, n.up)
}

// In a ring every node hears a majority with itself, and no two the same one.
func TestRingLeavesEachNodeAMajorityOfItsOwn(t *testing.T) {
	for nodes := 4; nodes <= 7; nodes++ {
		w := newWorld(Options{Seed: 1, Nodes: nodes, Calm: true})
		w.nemesis.ring()
		seen := map[string]bool{}
		for from := 1; from <= nodes; from++ {
			hears, who := 0, ""
			for to := 1; to <= nodes; to++ {
				if l := w.net.links[from][to]; l.drops+l.holds == 0 {
					hears, who = hears+1, who+fmt.Sprint(to, " ")
				}
			}
			assert.Greater(t, 2*hears, nodes)
			assert.Less(t, hears, nodes)
			seen[who] = true
		}
		assert.Len(t, seen, nodes)
	}
}
