package raft

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Completions of disk writes that come late, in bulk, or for entries that are
// no longer there.

func appendFrom(t *testing.T, tn *testNode, from, term uint64, prev, prevTerm uint64, terms ...uint64) {
	t.Helper()
	m := Message{Type: MsgAppend, From: from, Term: term, Index: prev, LogTerm: prevTerm}
	for i, entryTerm := range terms {
		m.Entries = append(m.Entries, Entry{Index: prev + 1 + uint64(i), Term: entryTerm})
	}
	step(t, tn, m)
}

func TestWatermarkOfAnOverwrittenEntryIsIgnored(t *testing.T) {
	tn := aNode(3)
	appendFrom(t, tn, 2, 1, 0, 0, 1, 1)
	late := tn.Ready()
	appendFrom(t, tn, 3, 2, 0, 0, 2)
	tn.Ready()
	tn.AppendDone(late.Durable())
	assert.Zero(t, tn.log.stable)
}

func TestWatermarkOfThisTermIsIgnoredWhenItsEntryIsGone(t *testing.T) {
	tn := aNode(3)
	appendFrom(t, tn, 2, 1, 0, 0, 1, 1)
	tn.Ready()
	step(t, tn, Message{Type: MsgHeartbeat, From: 3, Term: 2})
	late := tn.Ready() // of term 2, behind entry 2 of term 1
	appendFrom(t, tn, 3, 2, 1, 1, 2)
	tn.Ready()
	tn.AppendDone(late.Durable())
	assert.Zero(t, tn.log.stable)
}

func TestWatermarkOfAnEarlierTermDoesNotVouchForAnEntryWrittenAnew(t *testing.T) {
	// ABA: (1, term 1) is written, overwritten in term 2, and comes back with the
	// leader of term 3. The first write's completion is not that of the third.
	tn := aNode(3)
	appendFrom(t, tn, 2, 1, 0, 0, 1)
	first := tn.Ready()
	appendFrom(t, tn, 3, 2, 0, 0, 2)
	second := tn.Ready()
	appendFrom(t, tn, 2, 3, 0, 0, 1)
	third := tn.Ready()
	tn.AppendDone(first.Durable())
	assert.Zero(t, tn.log.stable, "the disk may hold (1, term 2) next")
	tn.AppendDone(second.Durable())
	assert.Zero(t, tn.log.stable)
	tn.AppendDone(third.Durable())
	assert.Equal(t, uint64(1), tn.log.stable)
}

func TestWatermarkNeverGoesDown(t *testing.T) {
	tn := aNode(3)
	appendFrom(t, tn, 2, 1, 0, 0, 1)
	first := tn.Ready()
	appendFrom(t, tn, 2, 1, 1, 1, 1)
	second := tn.Ready()
	tn.AppendDone(second.Durable())
	tn.AppendDone(first.Durable())
	assert.Equal(t, uint64(2), tn.log.stable)
	assert.True(t, tn.diskIdle())
}

func TestLateHardStateDoesNotTakeBackADurableVote(t *testing.T) {
	tn := aNode(3)
	step(t, tn, Message{Type: MsgHeartbeat, From: 2, Term: 1})
	for range 10 {
		tn.Tick()
	}
	first := tn.Ready()
	step(t, tn, Message{Type: MsgVote, From: 3, Term: 2})
	second := tn.Ready()
	tn.AppendDone(second.Durable())
	tn.AppendDone(first.Durable())
	assert.Equal(t, HardState{Term: 2, Vote: 3}, tn.durable)
}

func TestTruncationLowersTheDurableMark(t *testing.T) {
	tn := aNode(3, 1, 1, 1)
	require.Equal(t, uint64(3), tn.log.stable)
	appendFrom(t, tn, 2, 2, 1, 1, 2, 2)
	assert.Equal(t, uint64(1), tn.log.stable)
	rd := tn.Ready()
	assert.Equal(t, uint64(2), rd.Entries[0].Index, "tells the store to truncate from there")
	tn.AppendDone(rd.Durable())
	assert.Equal(t, uint64(3), tn.log.stable)
}

func TestDurableReportOfWhatWasNeverHandedOutStopsTheNode(t *testing.T) {
	tn := aNode(3)
	appendFrom(t, tn, 2, 1, 0, 0, 1)
	assert.PanicsWithValue(t, "raft: invariant broken: entry 1 reported durable, but only 0 were handed out", func() {
		tn.AppendDone(Durable{HardState: tn.hs, Index: 1, Term: 1})
	})
}

func TestReadyMayBeTakenAgainBeforeTheCompletions(t *testing.T) {
	tn := aLeader(t, 3)
	var marks []Durable
	for range 3 {
		_, _, err := tn.Propose([]byte("x"))
		require.NoError(t, err)
		rd := tn.Ready()
		require.Len(t, rd.Entries, 1)
		marks = append(marks, rd.Durable())
	}
	ack(t, tn, 2, 4)
	assert.Equal(t, uint64(1), tn.Commit())
	tn.AppendDone(marks[2])
	assert.Equal(t, uint64(4), tn.Commit(), "the last mark stands for all before it")
}

func TestLeaderWhoseDiskStandsStillStepsDownAndHandsOver(t *testing.T) {
	c := newCluster(3)
	tn := c.elect(1)
	tn.disk.async = true
	c.propose(1, "x")
	c.settle()
	require.Equal(t, uint64(2), c.nodes[1].Commit(), "the followers have it")
	c.tick(9)
	require.Equal(t, Leader, tn.Role())
	c.tick(1)
	assert.Equal(t, Follower, tn.Role())
	assert.Equal(t, Leader, c.nodes[2].Role(), "it was asked to take over")
	assert.Equal(t, uint64(2), c.nodes[2].Term())
}

func TestLeaderWhoseDiskMovesStaysEvenIfNeverIdle(t *testing.T) {
	c := newCluster(3)
	tn := c.elect(1)
	tn.disk.async = true
	for range 40 {
		c.propose(1, "x")
		c.settle()
		c.propose(1, "y")
		c.settle()
		for len(tn.disk.pending) > 1 {
			c.diskDone(1)
		}
		c.tick(5)
	}
	assert.Equal(t, Leader, tn.Role())
}

func TestNodeWhoseDiskStandsStillDoesNotCampaign(t *testing.T) {
	tn := aNode(3)
	appendFrom(t, tn, 2, 1, 0, 0, 1)
	rd := tn.Ready()
	for range 50 {
		tn.Tick()
	}
	assert.Equal(t, Follower, tn.Role())
	tn.AppendDone(rd.Durable())
	tn.Tick()
	assert.Equal(t, PreCandidate, tn.Role())
}

func TestAcknowledgedEntriesSurviveAnyCrash(t *testing.T) {
	c := newCluster(3)
	c.elect(1)
	for _, id := range c.ids() {
		c.nodes[id].disk.async = true
	}
	c.propose(1, "x")
	c.ready(1)
	c.deliverAll()
	c.ready(2)
	require.Empty(t, ofType(c.flight, MsgAppendResp), "2 has it only in memory")
	c.diskDone(2)
	require.Len(t, ofType(c.flight, MsgAppendResp), 1)
	c.restart(2)
	assert.Equal(t, uint64(2), c.nodes[2].LastIndex())
	c.restart(1)
	assert.Equal(t, uint64(1), c.nodes[1].LastIndex(), "the leader's write was lost with it")
}
