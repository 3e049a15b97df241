package raft

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Section 7: snapshots.

func threeVoters() ConfState { return ConfState{Voters: []uint64{1, 2, 3}} }

// offer sends node 1 a snapshot from leader 2.
func offer(t *testing.T, tn *testNode, term, index, snapTerm uint64) {
	t.Helper()
	step(t, tn, Message{Type: MsgSnapshot, From: 2, Term: term,
		Snapshot: &SnapshotMeta{Index: index, Term: snapTerm, Conf: threeVoters()}})
}

func TestSnapshotAtOrBelowTheCommitIndexIsIgnored(t *testing.T) {
	tn := aNode(3, 1, 1, 1)
	step(t, tn, Message{Type: MsgAppend, From: 2, Term: 1, Index: 3, LogTerm: 1, Commit: 2})
	take(tn)
	offer(t, tn, 1, 1, 1)
	rd := take(tn)
	assert.Nil(t, rd.Snapshot)
	assert.Equal(t, uint64(2), rd.MessagesAfterAppend[0].Index, "all that is committed here matches")
	assert.Equal(t, uint64(3), tn.LastIndex())
}

func TestSnapshotThatTheLogAgreesWithKeepsTheSuffix(t *testing.T) {
	tn := aNode(3, 1, 1, 1)
	offer(t, tn, 2, 2, 1)
	rd := take(tn)
	assert.Nil(t, rd.Snapshot)
	assert.Equal(t, uint64(2), rd.MessagesAfterAppend[0].Index)
	assert.Equal(t, uint64(2), tn.Commit())
	assert.Len(t, rd.Committed, 2)
	assert.Equal(t, uint64(3), tn.LastIndex())
}

func TestSnapshotThatTheLogContradictsDiscardsIt(t *testing.T) {
	tn := aNode(3, 1, 1, 1)
	offer(t, tn, 2, 2, 2)
	rd := take(tn)
	require.NotNil(t, rd.Snapshot)
	assert.Empty(t, rd.MessagesAfterAppend, "no acknowledgement before it is installed")
	tn.SnapshotDone(2, true)
	assert.Equal(t, uint64(2), tn.LastIndex(), "entry 3 followed another entry 2")
	assert.Equal(t, uint64(2), tn.Commit())
	assert.Equal(t, uint64(2), tn.Applied())
	rd = take(tn)
	assert.Empty(t, rd.Committed)
	assert.Empty(t, rd.Entries)
	assert.Equal(t, Message{Type: MsgAppendResp, From: 1, To: 2, Term: 2, Index: 2}, rd.MessagesAfterAppend[0])
}

func TestNothingHappensToTheLogWhileASnapshotIsInstalled(t *testing.T) {
	tn := aNode(3, 1)
	step(t, tn, Message{Type: MsgAppend, From: 2, Term: 1, Index: 1, LogTerm: 1})
	take(tn)
	offer(t, tn, 1, 10, 1)
	take(tn)
	step(t, tn, Message{Type: MsgAppend, From: 2, Term: 1, Index: 10, LogTerm: 1, Entries: []Entry{{Index: 11, Term: 1}}, Commit: 11})
	step(t, tn, Message{Type: MsgAppend, From: 2, Term: 1, Index: 1, LogTerm: 1, Commit: 1})
	offer(t, tn, 1, 20, 1)
	step(t, tn, Message{Type: MsgHeartbeat, From: 2, Term: 1, Commit: 1})
	rd := take(tn)
	assert.Nil(t, rd.Snapshot)
	assert.Empty(t, rd.Entries)
	assert.Empty(t, rd.Committed, "the state machine is being replaced")
	assert.Empty(t, rd.MessagesAfterAppend)
	assert.Len(t, ofType(rd.Messages, MsgHeartbeatResp), 1, "but it lives")
	tn.SnapshotDone(20, true)
	assert.Equal(t, uint64(1), tn.LastIndex(), "not the one that is being installed")
	tn.SnapshotDone(10, true)
	assert.Equal(t, uint64(10), tn.LastIndex())
	step(t, tn, Message{Type: MsgAppend, From: 2, Term: 1, Index: 10, LogTerm: 1, Entries: []Entry{{Index: 11, Term: 1}}, Commit: 11})
	assert.Equal(t, []uint64{1}, termsOf(take(tn).Committed))
}

func TestNodeDoesNotCampaignWhileItInstallsASnapshot(t *testing.T) {
	tn := aNode(3)
	offer(t, tn, 1, 10, 1)
	take(tn)
	for range 50 {
		tn.Tick()
	}
	step(t, tn, Message{Type: MsgTimeoutNow, From: 2, Term: 1})
	assert.Equal(t, Follower, tn.Role())
	tn.SnapshotDone(10, true)
	tn.Tick()
	assert.Equal(t, PreCandidate, tn.Role())
}

func TestFailedSnapshotChangesNothingAndIsReported(t *testing.T) {
	tn := aNode(3, 1, 1)
	offer(t, tn, 2, 10, 1)
	take(tn)
	tn.SnapshotDone(10, false)
	assert.Equal(t, uint64(2), tn.LastIndex())
	m := take(tn).MessagesAfterAppend[0]
	assert.Equal(t, Message{Type: MsgAppendResp, From: 1, To: 2, Term: 2, Reject: true, Index: 10, HintIndex: 2, HintTerm: 1}, m)
	offer(t, tn, 2, 10, 1)
	assert.NotNil(t, take(tn).Snapshot, "it may come again")
}

func TestMembershipComesWithTheSnapshot(t *testing.T) {
	tn := aNode(3)
	conf := ConfState{Voters: []uint64{2, 3, 4}, VotersOutgoing: []uint64{2, 3}, Learners: []uint64{1}}
	step(t, tn, Message{Type: MsgSnapshot, From: 2, Term: 1, Snapshot: &SnapshotMeta{Index: 5, Term: 1, Conf: conf}})
	take(tn)
	assert.Equal(t, threeVoters().Voters, tn.Status().Conf.Voters)
	tn.SnapshotDone(5, true)
	assert.Equal(t, conf, tn.Status().Conf)
	assert.Equal(t, Learner, tn.Role())
	assert.Equal(t, []uint64{2, 3, 4}, tn.peers)
}

// lagging is a cluster in which 3 lacks entries that leader 1 has compacted.
func lagging(t *testing.T) *testCluster {
	c := newCluster(3)
	c.elect(1)
	c.isolate(3)
	for range 5 {
		c.propose(1, "x")
	}
	c.settle()
	require.NoError(t, c.compact(1, 5, 6))
	c.tick(12, 1, 2)
	c.heal()
	return c
}

// untilInstall ticks the leader until node 3 is asked to install a snapshot.
func untilInstall(t *testing.T, c *testCluster) SnapshotMeta {
	t.Helper()
	for range 20 {
		c.nodes[1].Tick()
		c.settle(1, 2)
		c.deliverAll()
		if rd := c.ready(3); rd.Snapshot != nil {
			return *rd.Snapshot
		}
	}
	t.Fatal("no snapshot came")
	return SnapshotMeta{}
}

func TestFollowerThatNeedsCompactedEntriesGetsTheSnapshotOnce(t *testing.T) {
	c := lagging(t)
	meta := untilInstall(t, c)
	assert.Equal(t, uint64(5), meta.Index)
	assert.Equal(t, "snapshot", c.nodes[1].Status().Progress[3].State)
	sent := 0
	for range 30 {
		c.nodes[1].Tick()
		c.settle(1, 2)
		sent += len(ofType(c.flight, MsgSnapshot)) + len(ofType(c.take(func(m Message) bool { return m.To == 3 && m.Type == MsgAppend }), MsgAppend))
		c.deliverAll()
		c.ready(3)
	}
	assert.Zero(t, sent, "nothing more until its fate is known")
	c.nodes[1].ReportSnapshot(3, true)
	assert.Equal(t, Progress{Match: 1, Next: 6, State: "probe", RecentActive: true, Whole: true}, c.nodes[1].Status().Progress[3])
	c.tick(3)
	assert.Equal(t, "probe", c.nodes[1].Status().Progress[3].State, "it is still being installed")
	c.snapshotDone(3, meta, true)
	c.tick(2)
	assert.Equal(t, []string{"x"}, c.nodes[3].data(), "entry 6; the others are in the snapshot")
	assert.Equal(t, c.nodes[1].Commit(), c.nodes[3].Commit())
	assert.Equal(t, "replicate", c.nodes[1].Status().Progress[3].State)
}

func TestSnapshotIsSentAgainAfterItFailed(t *testing.T) {
	c := lagging(t)
	untilInstall(t, c)
	c.nodes[1].ReportSnapshot(3, false)
	assert.Empty(t, c.ready(1).Messages, "not at once")
	c.nodes[1].Tick()
	c.settle(1, 2)
	c.deliverAll()
	c.ready(3)
	c.deliverAll()
	assert.Len(t, ofType(c.ready(1).Messages, MsgSnapshot), 1)
}

func TestFollowerThatCouldNotInstallGetsTheSnapshotAgain(t *testing.T) {
	c := lagging(t)
	meta := untilInstall(t, c)
	c.nodes[1].ReportSnapshot(3, true)
	c.nodes[3].SnapshotDone(meta.Index, false)
	meta = untilInstall(t, c)
	c.snapshotDone(3, meta, true)
	c.tick(2)
	assert.Equal(t, c.nodes[1].Commit(), c.nodes[3].Commit())
}

func TestFollowerThatFellSilentDuringASnapshotIsProbedAnew(t *testing.T) {
	c := lagging(t)
	untilInstall(t, c)
	c.restart(3)
	c.isolate(3)
	c.tick(12, 1, 2)
	assert.Equal(t, "probe", c.nodes[1].Status().Progress[3].State)
	c.heal()
	meta := untilInstall(t, c)
	c.snapshotDone(3, meta, true)
	c.tick(2)
	assert.Equal(t, c.nodes[1].Commit(), c.nodes[3].Commit())
}

func TestNoSnapshotIsSentToAFollowerThatIsNotHeard(t *testing.T) {
	c := lagging(t)
	c.isolate(3)
	c.nodes[1].Tick()
	rd := c.ready(1)
	assert.Empty(t, ofType(rd.Messages, MsgSnapshot))
}

func TestCompactionKeepsTheLogContiguousAndSharedSlicesIntact(t *testing.T) {
	tn := aNode(1)
	tn.Campaign()
	take(tn)
	for range 9 {
		_, _, err := tn.Propose([]byte("x"))
		require.NoError(t, err)
	}
	rd := take(tn)
	committed := tn.Ready().Committed
	require.Len(t, committed, 10)
	assert.ErrorIs(t, tn.Compact(SnapshotMeta{Index: 8, Term: 1, Conf: tn.conf}, 9), ErrNotApplied)
	tn.ApplyDone(10)
	require.NoError(t, tn.Compact(SnapshotMeta{Index: 8, Term: 1, Conf: tn.conf}, 5))
	s := tn.Status()
	assert.Equal(t, [3]uint64{5, 10, 8}, [3]uint64{s.FirstIndex, s.LastIndex, s.SnapshotIndex})
	assert.ErrorIs(t, tn.Compact(SnapshotMeta{Index: 7, Term: 1, Conf: tn.conf}, 8), ErrCompacted)
	require.NoError(t, tn.Compact(SnapshotMeta{Index: 10, Term: 1, Conf: tn.conf}, 99))
	assert.Equal(t, uint64(11), tn.Status().FirstIndex, "never beyond the snapshot")
	assert.Equal(t, uint64(10), tn.LastIndex())
	for i, e := range rd.Entries {
		assert.Equal(t, uint64(i+1), e.Index)
	}
	_, _, err := tn.Propose([]byte("y"))
	require.NoError(t, err)
	assert.Equal(t, uint64(11), take(tn).Entries[0].Index)
}

func TestSnapshotThatDisagreesWithTheLogStopsTheNode(t *testing.T) {
	tn := aNode(1)
	tn.Campaign()
	take(tn)
	take(tn)
	tn.Ready()
	tn.ApplyDone(1)
	assert.PanicsWithValue(t, "raft: invariant broken: a snapshot agrees with the log: entry 1 is of term 1, the snapshot says 9", func() {
		_ = tn.Compact(SnapshotMeta{Index: 1, Term: 9, Conf: tn.conf}, 2)
	})
}
