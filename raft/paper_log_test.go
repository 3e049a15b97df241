package raft

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Sections 5.3, 5.4 and 8: replication, commitment, the no-op.

// ack makes follower id acknowledge everything up to index.
func ack(t *testing.T, tn *testNode, id, index uint64) {
	t.Helper()
	step(t, tn, Message{Type: MsgAppendResp, From: id, Term: tn.Term(), Index: index})
}

// durably lets node 1 write whatever it has.
func durably(tn *testNode) {
	for tn.HasReady() {
		take(tn)
	}
}

func TestLeaderOpensItsTermWithANoOp(t *testing.T) {
	tn := aCandidate(t, 3, 1)
	step(t, tn, Message{Type: MsgVoteResp, From: 2, Term: 2})
	rd := tn.Ready()
	require.Len(t, rd.Entries, 1)
	assert.Equal(t, Entry{Index: 2, Term: 2}.Sealed(), rd.Entries[0])
	assert.Len(t, ofType(rd.Messages, MsgAppend), 2, "in parallel with its own disk")
}

func TestLeaderCommitsWhenAMajorityHasTheEntry(t *testing.T) {
	tn := aLeader(t, 5)
	index, term, err := tn.Propose([]byte("x"))
	require.NoError(t, err)
	assert.Equal(t, [2]uint64{2, 1}, [2]uint64{index, term})
	durably(tn)
	ack(t, tn, 2, 2)
	assert.Zero(t, tn.Commit())
	ack(t, tn, 2, 2)
	assert.Zero(t, tn.Commit(), "twice the same is one")
	ack(t, tn, 3, 2)
	assert.Equal(t, uint64(2), tn.Commit())
	assert.Len(t, tn.Ready().Committed, 2)
}

func TestLeaderCountsItselfOnlyWhenItsDiskHasTheEntry(t *testing.T) {
	tn := aLeader(t, 3)
	ack(t, tn, 2, 1)
	durably(tn)
	_, _, err := tn.Propose([]byte("x"))
	require.NoError(t, err)
	rd := tn.Ready()
	ack(t, tn, 2, 2)
	assert.Equal(t, uint64(1), tn.Commit())
	tn.AppendDone(rd.Durable())
	assert.Equal(t, uint64(2), tn.Commit())
}

func TestFollowersCommitWithoutTheLeadersDisk(t *testing.T) {
	tn := aLeader(t, 3)
	_, _, err := tn.Propose([]byte("x"))
	require.NoError(t, err)
	rd := tn.Ready()
	ack(t, tn, 2, 2)
	ack(t, tn, 3, 2)
	assert.Equal(t, uint64(2), tn.Commit())
	assert.Len(t, tn.Ready().Committed, 2, "and may be applied here")
	tn.AppendDone(rd.Durable())
}

func TestLeaderOnlyCommitsEntriesOfItsTermByCounting(t *testing.T) {
	tn := aLeader(t, 3, 1, 2)
	require.Equal(t, uint64(3), tn.LastIndex())
	ack(t, tn, 2, 2)
	ack(t, tn, 3, 2)
	assert.Zero(t, tn.Commit(), "entry 2 is on all three, but of an older term")
	ack(t, tn, 2, 3)
	assert.Equal(t, uint64(3), tn.Commit(), "it comes along with the no-op")
}

func TestLeaderNeverCommitsWhatALaterTermMayOverwrite(t *testing.T) {
	// Figure 8 from (b) on; testdata/figure8.txt shows it step by step.
	c := newCluster(5)
	for id, terms := range map[uint64][]uint64{1: {1, 2}, 2: {1, 2}, 3: {1}, 4: {1}, 5: {1, 3}} {
		cfg := c.nodes[id].cfg
		cfg.Entries = entriesOf(terms...)
		cfg.HardState.Term = 3
		cfg.MaxMsgBytes = 1
		c.add(cfg)
	}
	// (c) 1 leads in term 4 and brings entry 2 to a majority, but not its no-op.
	c.isolate(4)
	c.isolate(5)
	c.lose = func(m Message) bool { return m.Type == MsgAppend && len(m.Entries) > 0 && m.Entries[0].Term == 4 }
	c.elect(1)
	c.tick(3, 1, 2, 3)
	for id := uint64(1); id <= 3; id++ {
		require.True(t, c.nodes[id].log.matches(2, 2), "entry 2 is on a majority: 1, 2, 3")
	}
	assert.Zero(t, c.nodes[1].Commit())
	// (d) 5 is elected by 2, 3, 4 and overwrites it.
	c.lose = nil
	c.heal()
	c.isolate(1)
	for id := uint64(2); id <= 4; id++ {
		c.tick(10, id)
	}
	for !c.nodes[5].log.matches(3, c.nodes[5].Term()) {
		c.nodes[5].Campaign()
		c.settle()
	}
	c.tick(2, 5)
	for id := uint64(2); id <= 5; id++ {
		assert.Equal(t, []string{"1/1", "2/3"}, c.nodes[id].data(), "node %d", id)
	}
	assert.Empty(t, c.nodes[1].applied)
}

func TestFollowerRejectsAppendWhosePreviousEntryDiffers(t *testing.T) {
	for _, tt := range []struct {
		prev, prevTerm uint64
		reject         bool
		hint, hintTerm uint64
	}{
		{0, 0, false, 0, 0},
		{2, 1, false, 0, 0},
		{3, 2, false, 0, 0},
		{3, 3, true, 3, 2},
		{3, 1, true, 2, 1}, // entries of term 2 are not in that leader's log by 3
		{4, 3, true, 3, 2}, // ends before
		{9, 1, true, 2, 1},
	} {
		tn := aNode(3, 1, 1, 2)
		step(t, tn, Message{Type: MsgAppend, From: 2, Term: 9, Index: tt.prev, LogTerm: tt.prevTerm})
		rd := take(tn)
		assert.Empty(t, rd.Messages, "an acknowledgement waits for the disk")
		m := rd.MessagesAfterAppend[0]
		assert.Equal(t, tt.reject, m.Reject, "%v", tt)
		assert.Equal(t, tt.prev, m.Index, "%v", tt)
		assert.Equal(t, [2]uint64{tt.hint, tt.hintTerm}, [2]uint64{m.HintIndex, m.HintTerm}, "%v", tt)
	}
}

func TestFollowerDeletesAConflictingEntryAndAllThatFollow(t *testing.T) {
	tn := aNode(3, 1, 2, 2, 2)
	step(t, tn, Message{Type: MsgAppend, From: 2, Term: 3, Index: 1, LogTerm: 1,
		Entries: []Entry{{Index: 2, Term: 2}, {Index: 3, Term: 3}}})
	assert.Equal(t, []uint64{1, 2, 3}, termsOf(tn.allEntries()))
	rd := take(tn)
	assert.Equal(t, uint64(3), rd.Entries[0].Index, "stored from the conflict on")
	assert.Equal(t, uint64(3), rd.MessagesAfterAppend[0].Index)
}

func TestFollowerKeepsWhatAStaleOrShortAppendDoesNotContradict(t *testing.T) {
	tn := aNode(3, 1, 1, 1, 1)
	step(t, tn, Message{Type: MsgAppend, From: 2, Term: 1, Index: 1, LogTerm: 1, Entries: entriesOf(1, 1)[1:]})
	assert.Equal(t, uint64(4), tn.LastIndex())
	assert.Equal(t, uint64(2), take(tn).MessagesAfterAppend[0].Index, "only what was verified")
	step(t, tn, Message{Type: MsgAppend, From: 2, Term: 1})
	assert.Equal(t, uint64(4), tn.LastIndex())
}

func TestFollowerCommitsOnlyWhatTheMessageVerified(t *testing.T) {
	tn := aNode(3, 1, 1, 2, 2)
	step(t, tn, Message{Type: MsgAppend, From: 2, Term: 3, Index: 1, LogTerm: 1, Commit: 4, Entries: entriesOf(1, 1)[1:]})
	assert.Equal(t, uint64(2), tn.Commit(), "3 and 4 may be another leader's")
	step(t, tn, Message{Type: MsgAppend, From: 2, Term: 3, Index: 2, LogTerm: 1, Commit: 4,
		Entries: []Entry{{Index: 3, Term: 3}, {Index: 4, Term: 3}, {Index: 5, Term: 3}}})
	assert.Equal(t, uint64(4), tn.Commit())
}

func TestHeartbeatCommitsOnlyWhatTheFollowerIsKnownToHold(t *testing.T) {
	c := newCluster(3)
	c.elect(1)
	c.isolate(3)
	c.propose(1, "a")
	c.settle()
	tn := c.nodes[1]
	require.Equal(t, uint64(2), tn.Commit())
	tn.Tick()
	for _, m := range ofType(c.ready(1).Messages, MsgHeartbeat) {
		assert.Equal(t, map[uint64]uint64{2: 2, 3: 1}[m.To], m.Commit)
	}
}

func TestCommittedEntriesAreNeverTruncated(t *testing.T) {
	tn := aNode(3, 1, 1)
	step(t, tn, Message{Type: MsgAppend, From: 2, Term: 2, Index: 2, LogTerm: 1, Commit: 2})
	require.Equal(t, uint64(2), tn.Commit())
	assert.PanicsWithValue(t, "raft: invariant broken: leaders hold all committed entries: entry 2 is of term 1, leader 2 of term 2 has term 2 there", func() {
		_ = tn.Step(Message{Type: MsgAppend, From: 2, To: 1, Term: 2, Index: 1, LogTerm: 1, Entries: []Entry{{Index: 2, Term: 2}}})
	})
}

func TestAppendBelowTheCommitIndexIsAcknowledgedUpToIt(t *testing.T) {
	tn := aNode(3, 1, 1, 1)
	step(t, tn, Message{Type: MsgAppend, From: 2, Term: 1, Index: 3, LogTerm: 1, Commit: 3})
	take(tn)
	step(t, tn, Message{Type: MsgAppend, From: 2, Term: 1, Entries: entriesOf(1)})
	assert.Equal(t, uint64(3), take(tn).MessagesAfterAppend[0].Index)
	step(t, tn, Message{Type: MsgAppend, From: 2, Term: 1, Index: 1, LogTerm: 1, Entries: entriesOf(1, 1, 1, 1)[1:]})
	assert.Equal(t, uint64(4), take(tn).MessagesAfterAppend[0].Index)
	assert.Equal(t, uint64(4), tn.LastIndex())
}

func TestLeaderNeverOverwritesItsOwnLog(t *testing.T) {
	tn := aLeader(t, 3, 1)
	assert.Panics(t, func() {
		_ = tn.Step(Message{Type: MsgAppend, From: 2, To: 1, Term: tn.Term(), Index: 1, LogTerm: 1})
	})
	assert.Equal(t, uint64(2), tn.LastIndex())
}

func TestLeaderFindsTheLastCommonEntryInFigure7(t *testing.T) {
	leader := []uint64{1, 1, 1, 4, 4, 5, 5, 6, 6, 6}
	for name, follower := range map[string][]uint64{
		"a": {1, 1, 1, 4, 4, 5, 5, 6, 6},
		"b": {1, 1, 1, 4},
		"c": {1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6},
		"d": {1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7},
		"e": {1, 1, 1, 4, 4, 4, 4},
		"f": {1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3},
	} {
		t.Run(name, func(t *testing.T) {
			c := newTestCluster()
			conf := ConfState{Voters: []uint64{1, 2, 3}}
			for id, terms := range map[uint64][]uint64{1: leader, 2: follower, 3: leader[:9]} {
				cfg := testConfig(id, conf)
				cfg.Entries = entriesOf(terms...)
				cfg.HardState.Term = 7
				c.add(cfg)
			}
			c.nodes[1].Campaign()
			rejected := 0
			for range 20 {
				c.settleOnce()
				rejected += len(c.countRejects())
			}
			require.Equal(t, Leader, c.nodes[1].Role())
			c.tick(2)
			assert.Equal(t, termsOf(c.nodes[1].allEntries()), termsOf(c.nodes[2].allEntries()))
			assert.Equal(t, uint64(11), c.nodes[2].Commit())
			assert.LessOrEqual(t, rejected, 2, "terms are skipped, not entries")
		})
	}
}

// settleOnce runs each node once and delivers what is in flight.
func (c *testCluster) settleOnce() {
	for _, id := range c.ids() {
		if c.nodes[id].HasReady() {
			c.ready(id)
		}
	}
}

// countRejects delivers what is in flight and returns the refused appends in it.
func (c *testCluster) countRejects() []Message {
	var out []Message
	for _, m := range c.take(func(Message) bool { return true }) {
		if m.Type == MsgAppendResp && m.Reject {
			out = append(out, m)
		}
		c.step(m)
	}
	return out
}

func TestALongDivergenceIsFoundInFewRoundTrips(t *testing.T) {
	// 1000 entries of a dead leader's terms against 1000 of the living one's.
	var mine, theirs []uint64
	for i := range uint64(1000) {
		mine = append(mine, 5+i/250)
		theirs = append(theirs, 1+i/250)
	}
	c := newTestCluster()
	conf := ConfState{Voters: []uint64{1, 2, 3}}
	for id, terms := range map[uint64][]uint64{1: mine, 2: theirs, 3: mine} {
		cfg := testConfig(id, conf)
		cfg.Entries = entriesOf(terms...)
		cfg.HardState.Term = 8
		c.add(cfg)
	}
	c.nodes[1].Campaign()
	rejects := 0
	for range 40 {
		c.settleOnce()
		rejects += len(c.countRejects())
	}
	assert.Equal(t, termsOf(c.nodes[1].allEntries()), termsOf(c.nodes[2].allEntries()))
	assert.LessOrEqual(t, rejects, 4)
}

func TestOverwrittenEntriesStayAsTheyWereInSlicesHandedOut(t *testing.T) {
	tn := aNode(3, 1)
	step(t, tn, Message{Type: MsgAppend, From: 2, Term: 2, Index: 1, LogTerm: 1, Entries: []Entry{{Index: 2, Term: 2}, {Index: 3, Term: 2}}})
	handed := tn.Ready().Entries
	step(t, tn, Message{Type: MsgAppend, From: 3, Term: 3, Index: 1, LogTerm: 1, Entries: []Entry{{Index: 2, Term: 3}, {Index: 3, Term: 3}}})
	assert.Equal(t, []uint64{2, 2}, termsOf(handed))
	assert.Equal(t, []uint64{1, 3, 3}, termsOf(tn.allEntries()))
	grown := append(handed, Entry{Index: 4, Term: 9})
	assert.Len(t, grown, 3)
	step(t, tn, Message{Type: MsgAppend, From: 3, Term: 3, Index: 3, LogTerm: 3, Entries: []Entry{{Index: 4, Term: 3}}})
	assert.Equal(t, uint64(9), grown[2].Term, "a reader's append does not meet ours")
}
