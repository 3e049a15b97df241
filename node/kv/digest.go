package kv

import (
	"encoding/binary"

	"github.com/cespare/xxhash/v2"

	"raftkv/node/kv/kvpb"
)

// sum is a fingerprint of a set of items: the sum of their hashes, modulo 2^64.
// It does not depend on the order in which they came, and adding or removing one
// costs O(1). It tells accidents apart, not an adversary's work.
type sum uint64

func (s *sum) add(hash uint64)    { *s += sum(hash) }
func (s *sum) remove(hash uint64) { *s -= sum(hash) }

// The kinds of what is hashed: an item of one never passes for another's.
const (
	kindPair = iota + 1
	kindSession
	kindAnswer
	kindResult
	kindState
)

// mix hashes at most seven words of one kind.
func mix(kind uint64, words ...uint64) uint64 {
	var b [64]byte
	binary.LittleEndian.PutUint64(b[:], kind)
	for i, w := range words {
		binary.LittleEndian.PutUint64(b[8*(i+1):], w)
	}
	return xxhash.Sum64(b[:8*(len(words)+1)])
}

func hashPair(key string, value []byte) uint64 {
	return mix(kindPair, xxhash.Sum64String(key), xxhash.Sum64(value))
}

func hashSession(id uint64, se session) uint64 {
	return mix(kindSession, id, se.activeMS, se.firstOpen, se.lastUsed)
}

func hashAnswer(a answer) uint64 {
	return mix(kindAnswer, a.session, a.sequence, hashResult(a.result))
}

func hashResult(r *kvpb.Result) uint64 {
	return mix(kindResult, uint64(r.GetCode()), bit(r.GetSwapped()), bit(r.GetFound()), r.GetSession(), xxhash.Sum64(r.GetActual()))
}

func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

func digestOf(h *kvpb.Header, pairs, sessions sum) uint64 {
	return mix(kindState, h.GetAppliedIndex(), h.GetClockMs(), h.GetMaxSessions(), uint64(pairs), uint64(sessions))
}

// Digest is the same for equal states and, but for chance, for no others. It is
// kept up to date by every change and costs O(1), so that replicas can compare
// it often. It says what was applied; that memory still holds it is checked
// whenever a Snapshot is saved.
func (s *Store) Digest() uint64 { return digestOf(s.header(), s.sum, s.sessions.sum) }
