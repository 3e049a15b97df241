package kv

import (
	"cmp"
	"strings"

	"github.com/tidwall/btree"
)

// Limits are part of what the commands mean: they must be the same on every
// node and for the life of a cluster, so they never come from a flag.
type Limits struct {
	// MaxSessions bounds the sessions that are remembered; one more evicts the
	// one that has been idle the longest. Zero takes the default.
	MaxSessions int
	// MaxSessionBytes bounds what one session remembers: at or over it the
	// session's new commands are refused until the client has said what it got.
	// Zero takes the default.
	MaxSessionBytes int
	// MaxAnswerBytes bounds what all sessions remember: over it the sessions idle
	// the longest are forgotten. Zero takes the default.
	MaxAnswerBytes int
}

// DefaultLimits are those of every RaftKV cluster; others are for tests.
func DefaultLimits() Limits {
	return Limits{MaxSessions: 65536, MaxSessionBytes: 8 << 20, MaxAnswerBytes: 256 << 20}
}

func (l Limits) withDefaults() Limits {
	d := DefaultLimits()
	return Limits{
		MaxSessions:     cmp.Or(max(l.MaxSessions, 0), d.MaxSessions),
		MaxSessionBytes: cmp.Or(max(l.MaxSessionBytes, 0), d.MaxSessionBytes),
		MaxAnswerBytes:  cmp.Or(max(l.MaxAnswerBytes, 0), d.MaxAnswerBytes),
	}
}

// Store is the state machine. It is not safe for concurrent use.
type Store struct {
	limits   Limits
	applied  uint64
	clockMS  uint64
	bytes    int64
	sum      sum // of pairs
	pairs    *btree.Map[string, []byte]
	sessions *sessions
}

// Pair is a key with its value. Both are shared with the store: not to be changed.
type Pair struct{ Key, Value []byte }

// New returns an empty store, in the state before the first entry.
func New(limits Limits) *Store {
	return &Store{
		limits:   limits.withDefaults(),
		pairs:    btree.NewMap[string, []byte](0),
		sessions: newSessions(),
	}
}

// Get returns the value of key. The value is shared and never changes: it may
// be kept, and read by another goroutine.
func (s *Store) Get(key []byte) (value []byte, ok bool) {
	return s.pairs.Get(string(key))
}

// List returns up to limit pairs whose keys have the prefix and lie behind
// after, in the order of their bytes, and whether there are more.
func (s *Store) List(prefix, after []byte, limit int) (pairs []Pair, more bool) {
	s.Scan(prefix, after, func(p Pair) bool {
		if more = len(pairs) >= limit; more {
			return false
		}
		pairs = append(pairs, p)
		return true
	})
	return pairs, more
}

// Scan visits the pairs that List would return until visit says false.
func (s *Store) Scan(prefix, after []byte, visit func(Pair) bool) {
	from := max(string(prefix), string(after))
	s.pairs.Ascend(from, func(key string, value []byte) bool {
		if len(after) > 0 && key == string(after) {
			return true
		}
		if !strings.HasPrefix(key, string(prefix)) {
			return false
		}
		return visit(Pair{Key: []byte(key), Value: value})
	})
}

// Keys returns how many keys there are.
func (s *Store) Keys() int { return s.pairs.Len() }

// Sessions returns how many sessions are open.
func (s *Store) Sessions() int { return s.sessions.len() }

// AnswerBytes is what all sessions remember, in bytes.
func (s *Store) AnswerBytes() int { return s.sessions.bytes }

// AppliedIndex is the index of the last entry applied.
func (s *Store) AppliedIndex() uint64 { return s.applied }

// ClockMS is the replicated clock, in milliseconds; 0 before its first command.
func (s *Store) ClockMS() uint64 { return s.clockMS }

// OldestSessionMS is the clock at the last command of the session that has been
// idle the longest; false without sessions.
func (s *Store) OldestSessionMS() (ms uint64, ok bool) {
	_, oldest, ok := s.sessions.oldest()
	return oldest.activeMS, ok
}

// Bytes is the sum of the lengths of all keys and values.
func (s *Store) Bytes() int64 { return s.bytes }

func (s *Store) put(key, value []byte) {
	old, replaced := s.pairs.Set(string(key), value)
	s.sum.add(hashPair(string(key), value))
	s.bytes += int64(len(value)) - int64(len(old))
	if !replaced {
		s.bytes += int64(len(key))
		return
	}
	s.sum.remove(hashPair(string(key), old))
}

func (s *Store) remove(key []byte) (found bool) {
	old, found := s.pairs.Delete(string(key))
	if found {
		s.bytes -= int64(len(key)) + int64(len(old))
		s.sum.remove(hashPair(string(key), old))
	}
	return found
}
