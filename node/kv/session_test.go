package kv

import (
	"bytes"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"raftkv/node/kv/kvpb"
)

func TestARetryIsAppliedOnceAndAnsweredAlike(t *testing.T) {
	s := New(Limits{})
	id := open(t, s)
	won := apply1(t, s, in(id, 1, 1, casAbsent("k", "1")))
	apply(t, s, in(id, 2, 1, put("k", "2")))
	again := apply1(t, s, in(id, 1, 1, casAbsent("k", "1")))
	assert.True(t, won.GetSwapped())
	equalResult(t, won, again)
	assert.Equal(t, "2", value(t, s, "k"), "the later write stands")

	apply(t, s, in(id, 3, 1, del("k")))
	assert.True(t, apply1(t, s, in(id, 3, 1, del("k"))).GetFound(), "found is remembered")
}

func TestARetryWithinOneBatchIsAppliedOnce(t *testing.T) {
	s := New(Limits{})
	id := open(t, s)
	r := apply(t, s, in(id, 1, 1, put("k", "1")), put("k", "other"), in(id, 1, 1, put("k", "1")))
	assert.Equal(t, kvpb.Result_CODE_OK, r[2].GetCode())
	assert.Equal(t, "other", value(t, s, "k"))
}

func TestSequencesMayArriveInAnyOrder(t *testing.T) {
	s := New(Limits{})
	id := open(t, s)
	for _, sequence := range []uint64{3, 1, 2, SessionWindow} {
		assert.Equal(t, kvpb.Result_CODE_OK, apply1(t, s, in(id, sequence, 1, put("k", "v"))).GetCode())
	}
}

func TestAWriteOfNoSessionIsAppliedEachTime(t *testing.T) {
	s := New(Limits{})
	c := in(0, 1, 1, cas("k", "", ""))
	c.ExpectAbsent = true
	assert.True(t, apply1(t, s, c).GetSwapped())
	assert.False(t, apply1(t, s, c).GetSwapped())
}

func TestSessionRefusals(t *testing.T) {
	tests := map[string]struct {
		sequence, firstOpen uint64
		want                kvpb.Result_Code
	}{
		"answered before":            {9, 10, kvpb.Result_CODE_SEQUENCE_FORGOTTEN},
		"below what another said":    {4, 1, kvpb.Result_CODE_SEQUENCE_FORGOTTEN},
		"no sequence":                {0, 0, kvpb.Result_CODE_SEQUENCE_FORGOTTEN},
		"the first open":             {5, 5, kvpb.Result_CODE_OK},
		"the last of the window":     {4 + SessionWindow, 5, kvpb.Result_CODE_OK},
		"behind the window":          {5 + SessionWindow, 5, kvpb.Result_CODE_REFUSED},
		"far behind the window":      {math.MaxUint64, 5, kvpb.Result_CODE_REFUSED},
		"an old first_open, windows": {4 + SessionWindow, 1, kvpb.Result_CODE_OK},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := New(Limits{})
			id := open(t, s)
			apply(t, s, in(id, 5, 5, put("k", "before")))
			got := apply1(t, s, in(id, tt.sequence, tt.firstOpen, put("k", "after")))
			assert.Equal(t, tt.want, got.GetCode())
			applied := tt.want == kvpb.Result_CODE_OK && tt.sequence != 5
			assert.Equal(t, applied, value(t, s, "k") == "after")
		})
	}
}

func TestFirstOpenForgetsAnswers(t *testing.T) {
	s := New(Limits{})
	a, b := open(t, s), open(t, s)
	for sequence := uint64(1); sequence <= 10; sequence++ {
		apply(t, s, in(a, sequence, 1, put("a", "1")), in(b, sequence, 1, put("b", "1")))
	}
	assert.Equal(t, 20, s.sessions.answers.Len())
	apply(t, s, in(a, 11, 8, put("a", "1")))
	assert.Equal(t, 4+10, s.sessions.answers.Len(), "8 to 11 of the one, all of the other")
}

func TestAnUnknownSessionIsExpired(t *testing.T) {
	s := New(Limits{})
	r := apply1(t, s, in(12345, 1, 1, put("k", "v")))
	assert.Equal(t, kvpb.Result_CODE_SESSION_EXPIRED, r.GetCode())
	assert.Zero(t, s.Keys(), "nothing was applied")
}

func TestClosingASession(t *testing.T) {
	s := New(Limits{})
	id := open(t, s)
	apply(t, s, in(id, 1, 1, put("k", "v")))
	closing := &kvpb.Command{Op: kvpb.Command_OP_CLOSE_SESSION, Session: id}
	assert.True(t, apply1(t, s, closing).GetFound())
	assert.False(t, apply1(t, s, closing).GetFound())
	assert.Zero(t, s.Sessions())
	assert.Zero(t, s.sessions.answers.Len())
	assert.Equal(t, kvpb.Result_CODE_SESSION_EXPIRED, apply1(t, s, in(id, 1, 1, put("k", "again"))).GetCode())
}

func TestIdleSessionsExpireByTheReplicatedClock(t *testing.T) {
	s := New(Limits{})
	apply(t, s, clock(1000, 500))
	idle, busy := open(t, s), open(t, s)
	apply(t, s, in(idle, 1, 1, put("k", "first")))
	apply(t, s, clock(1500, 500), in(busy, 1, 1, put("x", "")))
	assert.Equal(t, 2, s.Sessions(), "idle for just the time to live is not too long")
	oldest, ok := s.OldestSessionMS()
	assert.True(t, ok)
	assert.EqualValues(t, 1000, oldest)

	apply(t, s, clock(1501, 500))
	assert.Equal(t, 1, s.Sessions())
	r := apply1(t, s, in(idle, 1, 1, put("k", "second")))
	assert.Equal(t, kvpb.Result_CODE_SESSION_EXPIRED, r.GetCode())
	assert.Equal(t, "first", value(t, s, "k"), "an expired session never applies twice")
	assert.Equal(t, 1, s.sessions.answers.Len(), "its answers are gone")

	apply(t, s, clock(math.MaxUint64, 0))
	assert.Equal(t, 1, s.Sessions(), "a time to live of 0 expires none")
	apply(t, s, clock(math.MaxUint64, 1))
	_, ok = s.OldestSessionMS()
	assert.False(t, ok)
}

func TestTheClockOnlyMovesForward(t *testing.T) {
	s := New(Limits{})
	apply(t, s, clock(1000, 10))
	id := open(t, s)
	apply(t, s, clock(5, 10))
	assert.EqualValues(t, 1000, s.ClockMS())
	assert.Equal(t, kvpb.Result_CODE_OK, apply1(t, s, in(id, 1, 1, put("k", "v"))).GetCode())
}

func TestTheFirstClockExpiresNoSessionOpenedBefore(t *testing.T) {
	s := New(Limits{})
	open(t, s)
	apply(t, s, clock(1_800_000_000_000, 1000))
	assert.Equal(t, 1, s.Sessions())
	apply(t, s, clock(1_800_000_001_001, 1000))
	assert.Zero(t, s.Sessions())
}

func TestTheLeastRecentlyUsedSessionMakesRoom(t *testing.T) {
	s := New(Limits{MaxSessions: 3})
	a, b, c := open(t, s), open(t, s), open(t, s)
	apply(t, s, in(a, 1, 1, put("k", "a")))
	apply(t, s, in(b, 1, 1, put("k", "b")), in(b, 1, 1, put("k", "b")))
	d := open(t, s)
	assert.Equal(t, 3, s.Sessions())
	codes := map[uint64]kvpb.Result_Code{}
	for _, id := range []uint64{a, b, c, d} {
		codes[id] = apply1(t, s, in(id, 2, 1, put("k", "x"))).GetCode()
	}
	assert.Equal(t, kvpb.Result_CODE_SESSION_EXPIRED, codes[c], "it had not written since it was opened")
	for _, id := range []uint64{a, b, d} {
		assert.Equal(t, kvpb.Result_CODE_OK, codes[id])
	}
}

func TestSessionIDsAreNeverZeroAndNeverReused(t *testing.T) {
	s := New(Limits{MaxSessions: 2})
	seen := map[uint64]bool{0: true}
	openOne := &kvpb.Command{Op: kvpb.Command_OP_OPEN_SESSION}
	for range 50 {
		for _, r := range apply(t, s, openOne, openOne, openOne) {
			require.False(t, seen[r.GetSession()])
			seen[r.GetSession()] = true
		}
	}
}

// Answers of compare-and-swap hold values, so their number alone bounds little.
func TestASessionWhoseAnswersAreTooLargeIsRefusedUntilItAcknowledges(t *testing.T) {
	limits := Limits{MaxSessionBytes: 1000}
	s := New(limits)
	id := open(t, s)
	apply(t, s, put("k", string(make([]byte, 600))))
	lost := func(sequence, firstOpen uint64) *kvpb.Command {
		return in(id, sequence, firstOpen, casAbsent("k", "x"))
	}
	for sequence := uint64(1); sequence <= 2; sequence++ {
		assert.Equal(t, kvpb.Result_CODE_OK, apply1(t, s, lost(sequence, 1)).GetCode())
	}
	assert.Equal(t, 2*(600+answerWeight), s.AnswerBytes())
	assert.Equal(t, kvpb.Result_CODE_SESSION_FULL, apply1(t, s, in(id, 3, 1, put("new", "1"))).GetCode())
	_, found := s.Get([]byte("new"))
	assert.False(t, found, "what is refused is not applied")
	assert.Equal(t, kvpb.Result_CODE_OK, apply1(t, s, lost(2, 1)).GetCode(), "what is remembered is still told")

	restored := reopened(t, s, limits)
	for name, s := range map[string]*Store{"the same": s, "restored": restored} {
		assert.Equal(t, kvpb.Result_CODE_SESSION_FULL, apply1(t, s, lost(4, 1)).GetCode(), name)
		assert.Equal(t, kvpb.Result_CODE_OK, apply1(t, s, in(id, 3, 2, put("new", "1"))).GetCode(), "%s: it has told that it got the first", name)
		assert.Equal(t, 600+2*answerWeight, s.AnswerBytes(), name)
	}
	assert.Equal(t, s.Digest(), restored.Digest())
}

func TestTheSessionsIdleTheLongestMakeRoomForAnswers(t *testing.T) {
	limits := Limits{MaxSessionBytes: 700, MaxAnswerBytes: 2000}
	s := New(limits)
	apply(t, s, put("k", string(make([]byte, 600))))
	ids := []uint64{open(t, s), open(t, s), open(t, s), open(t, s)}
	lost := func(id, sequence uint64) *kvpb.Command { return in(id, sequence, 1, casAbsent("k", "x")) }
	for _, id := range ids {
		assert.Equal(t, kvpb.Result_CODE_OK, apply1(t, s, lost(id, 1)).GetCode())
		assert.LessOrEqual(t, s.AnswerBytes(), 2000)
	}
	assert.Equal(t, 3, s.Sessions())
	assert.Equal(t, kvpb.Result_CODE_SESSION_EXPIRED, apply1(t, s, lost(ids[0], 2)).GetCode())

	restored := reopened(t, s, limits)
	for _, s := range []*Store{s, restored} {
		apply(t, s, lost(ids[3], 2)) // the second fits no more: the next oldest goes
		apply(t, s, lost(ids[3], 3))
	}
	assert.Equal(t, s.Digest(), restored.Digest())
	assert.Equal(t, s.AnswerBytes(), restored.AnswerBytes())
}

// reopened is the store as its snapshot gives it back.
func reopened(t *testing.T, s *Store, limits Limits) *Store {
	restored, err := Restore(bytes.NewReader(saved(t, s)), limits)
	require.NoError(t, err)
	require.Equal(t, s.AnswerBytes(), restored.AnswerBytes())
	return restored
}
