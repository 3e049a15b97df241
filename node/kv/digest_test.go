package kv

import (
	"io"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"raftkv/node/kv/kvpb"
)

// Save compares the digest kept by every change with one made of what is there.
func TestTheDigestIsThatOfTheWholeState(t *testing.T) {
	for seed := range uint64(20) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		s, m := New(Limits{MaxSessions: 5}), newModel(5)
		for range 5 {
			run(t, rnd, s, m, 40)
			require.NoError(t, s.Snapshot().Save(io.Discard), "seed %d", seed)
		}
		require.Equal(t, s.Digest(), restored(t, s).Digest(), "seed %d", seed)
	}
}

func TestTheDigestTellsStatesApart(t *testing.T) {
	base, session := sample(t)
	seen := map[uint64]string{base.Digest(): "base"}
	for name, c := range map[string]*kvpb.Command{
		"another value": put("a", "9"),
		"another key":   put("z", "1"),
		"one key less":  {Op: kvpb.Command_OP_DELETE, Key: []byte("a")},
		"the clock":     clock(1001, 0),
		"a session":     {Op: kvpb.Command_OP_OPEN_SESSION},
		"an answer":     in(session, 3, 1, put("a", "2")),
	} {
		s, _ := sample(t)
		apply(t, s, c)
		require.NotContains(t, seen, s.Digest(), name)
		seen[s.Digest()] = name
	}
}

func TestDamageInMemoryIsFoundWhenASnapshotIsSaved(t *testing.T) {
	s, session := sample(t)
	value, _ := s.Get([]byte("c"))
	value[0] ^= 1
	assert.ErrorIs(t, s.Snapshot().Save(io.Discard), ErrDamagedState, "a bit of a value")
	value[0] ^= 1
	require.NoError(t, s.Snapshot().Save(io.Discard))
	se, _ := s.sessions.get(session)
	se.activeMS++
	s.sessions.byID.Set(session, se)
	assert.ErrorIs(t, s.Snapshot().Save(io.Discard), ErrDamagedState, "a session")
}
