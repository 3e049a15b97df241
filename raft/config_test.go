package raft

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestConfigurationsThatContradictThemselvesAreRefused(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"the id is 0":                         func(c *Config) { c.ID = 0 },
		"HeartbeatTicks is 0":                 func(c *Config) { c.HeartbeatTicks = 0 },
		"ElectionTicks is 1, must be above":   func(c *Config) { c.ElectionTicks = 1 },
		"no source of randomness":             func(c *Config) { c.Rand = nil },
		"the limits on messages":              func(c *Config) { c.MaxMsgBytes = 0 },
		"no voters":                           func(c *Config) { c.Snapshot.Conf = ConfState{Learners: []uint64{1}} },
		"membership of snapshot 1: no voters": func(c *Config) { c.Snapshot = SnapshotMeta{Index: 1, Term: 1, Conf: ConfState{Learners: []uint64{1}}} },
		"entry 1: raft: not an encoded":       func(c *Config) { c.Entries = []Entry{{Index: 1, Term: 1, Type: EntryConfChange}} },
		"a member's id is 0":                  func(c *Config) { c.Snapshot.Conf.Learners = []uint64{0} },
		"listed twice":                        func(c *Config) { c.Snapshot.Conf.Voters = []uint64{1, 2, 2} },
		"both voter and learner":              func(c *Config) { c.Snapshot.Conf.Learners = []uint64{2} },
		"snapshot at index 3 has term 0":      func(c *Config) { c.Snapshot.Index = 3 },
		"entry 3 follows entry 1":             func(c *Config) { c.Entries = []Entry{{Index: 1, Term: 1}, {Index: 3, Term: 1}} },
		"entry 2 has term 1 behind term 2":    func(c *Config) { c.Entries = entriesOf(2, 1) },
		"entry 5 follows entry 0":             func(c *Config) { c.Entries = []Entry{{Index: 5, Term: 1}} },
		"ends in term 2 but the stored term":  func(c *Config) { c.Entries = entriesOf(2); c.HardState.Term = 1 },
		"applied is 9, the log holds 0 to 0":  func(c *Config) { c.Applied = 9 },
	} {
		cfg := testConfig(1, ConfState{Voters: []uint64{1, 2, 3}})
		cfg.HardState.Term = 5
		change(&cfg)
		_, err := New(cfg)
		require.ErrorIs(t, err, ErrConfig, want)
		assert.ErrorContains(t, err, want)
	}
}

func TestNodeStartsFromWhatItsDiskHeld(t *testing.T) {
	cfg := testConfig(1, ConfState{Voters: []uint64{1, 2, 3}})
	cfg.HardState = HardState{Term: 4, Vote: 2}
	cfg.Snapshot.Index, cfg.Snapshot.Term = 5, 2
	cfg.Entries = []Entry{{Index: 6, Term: 3}, {Index: 7, Term: 3}}
	cfg.Applied = 6
	n, err := New(cfg)
	require.NoError(t, err)
	assert.False(t, n.HasReady(), "all of it is stored already")
	s := n.Status()
	assert.Equal(t, Status{ID: 1, HardState: cfg.HardState, Commit: 6, Applied: 6, FirstIndex: 6, LastIndex: 7,
		SnapshotIndex: 5, Conf: cfg.Snapshot.Conf, ConfIndex: 5}, s)
	assert.Equal(t, [4]uint64{4, 6, 6, 7}, [4]uint64{n.Term(), n.Commit(), n.Applied(), n.LastIndex()})
	cfg.Snapshot.Conf.Voters[0] = 99
	assert.Equal(t, uint64(1), n.Status().Conf.Voters[0], "nothing is shared with the caller")
}

func TestMalformedMessagesAreRefusedAndChangeNothing(t *testing.T) {
	conf := threeVoters()
	for name, m := range map[string]Message{
		"no type":             {From: 2, Term: 9},
		"unknown type":        {Type: MsgTimeoutNow + 1, From: 2, Term: 9},
		"no sender":           {Type: MsgHeartbeat, Term: 9},
		"no term":             {Type: MsgHeartbeat, From: 2},
		"gap":                 {Type: MsgAppend, From: 2, Term: 9, Index: 1, LogTerm: 1, Entries: []Entry{{Index: 3, Term: 1}}},
		"falling terms":       {Type: MsgAppend, From: 2, Term: 9, Entries: entriesOf(2, 1)},
		"entry of the future": {Type: MsgAppend, From: 2, Term: 9, Entries: entriesOf(10)},
		"prev of the future":  {Type: MsgAppend, From: 2, Term: 9, LogTerm: 10},
		"not a membership":    {Type: MsgAppend, From: 2, Term: 9, Entries: []Entry{{Index: 1, Term: 1, Type: EntryConfChange, Data: []byte{9}}}},
		"no snapshot":         {Type: MsgSnapshot, From: 2, Term: 9},
		"empty snapshot":      {Type: MsgSnapshot, From: 2, Term: 9, Snapshot: &SnapshotMeta{Conf: conf}},
		"nobody votes":        {Type: MsgSnapshot, From: 2, Term: 9, Snapshot: &SnapshotMeta{Index: 1, Term: 1}},
	} {
		tn := aNode(3)
		m.To = 1
		assert.ErrorIs(t, tn.Step(m), ErrMalformed, name)
		assert.False(t, tn.HasReady(), name)
		assert.Zero(t, tn.Term(), name)
	}
}

func TestMessagesForOthersAreIgnored(t *testing.T) {
	tn := aNode(3)
	require.NoError(t, tn.Step(Message{Type: MsgHeartbeat, From: 2, To: 3, Term: 9}))
	require.NoError(t, tn.Step(Message{Type: MsgHeartbeat, From: 1, To: 1, Term: 9}))
	assert.Zero(t, tn.Term())
}

func TestEverythingIsHandedOverOnce(t *testing.T) {
	tn := aNode(3)
	step(t, tn, Message{Type: MsgAppend, From: 2, Term: 1, Entries: entriesOf(1, 1), Commit: 1})
	rd := tn.Ready()
	assert.NotNil(t, rd.HardState)
	assert.Len(t, rd.Entries, 2)
	assert.Len(t, rd.Committed, 1)
	assert.Len(t, rd.MessagesAfterAppend, 1)
	assert.False(t, tn.HasReady())
	again := tn.Ready()
	assert.Equal(t, Ready{durable: rd.durable}, again)
	step(t, tn, Message{Type: MsgAppend, From: 2, Term: 1, Index: 2, LogTerm: 1, Commit: 2})
	rd = tn.Ready()
	assert.Nil(t, rd.HardState)
	assert.Empty(t, rd.Entries)
	assert.Equal(t, entriesOf(1, 1)[1:], rd.Committed)
}

func TestApplyingWhatWasNotHandedOutStopsTheNode(t *testing.T) {
	tn := aNode(3, 1)
	assert.PanicsWithValue(t, "raft: invariant broken: 1 reported applied, but only 0 were handed out (applied <= commit)", func() { tn.ApplyDone(1) })
}

func TestALeaderThatWasToldOfMoreThanTheLogHoldsIsAnError(t *testing.T) {
	tn := aNode(3, 1)
	require.ErrorIs(t, tn.Step(Message{Type: MsgHeartbeat, From: 2, To: 1, Term: 1, Commit: 2}), ErrLost)
	assert.Zero(t, tn.Commit())
}

func TestTermNeverGoesDown(t *testing.T) {
	tn := aNode(3, 4)
	assert.Panics(t, func() { tn.becomeFollower(3, None) })
}

func TestLogStopsTheNodeWhenItIsNotContiguous(t *testing.T) {
	l := newMemLog(3, 1, nil)
	assert.Panics(t, func() { l.append(Entry{Index: 5, Term: 1}) })
	assert.Panics(t, func() { l.truncateFrom(3) })
	assert.Panics(t, func() { l.slice(2, 3) })
	assert.Panics(t, func() { l.compactTo(9) })
}

func TestLastNotAboveAgreesWithWalkingBack(t *testing.T) {
	l := newMemLog(0, 0, entriesOf(1, 1, 3, 3, 3, 6))
	for index := uint64(0); index < 9; index++ {
		for term := uint64(0); term < 8; term++ {
			want := min(index, 6)
			for want > 0 && l.entries[want-1].Term > term {
				want--
			}
			got, _ := l.lastNotAbove(index, term)
			assert.Equal(t, want, got, "index %d term %d", index, term)
		}
	}
}

func TestNames(t *testing.T) {
	assert.Equal(t, "pre-candidate", PreCandidate.String())
	assert.Equal(t, "learner", Learner.String())
	assert.Equal(t, "unknown", Role(9).String())
	assert.Equal(t, "TimeoutNow", MsgTimeoutNow.String())
	assert.Equal(t, "unknown", MessageType(0).String())
}
