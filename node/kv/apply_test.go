package kv

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"raftkv/node/kv/kvpb"
)

// apply applies the commands as the next entry.
func apply(t testing.TB, s *Store, cmds ...*kvpb.Command) []*kvpb.Result {
	t.Helper()
	data, err := EncodeBatch(cmds)
	require.NoError(t, err)
	results, err := s.Apply(s.AppliedIndex()+1, data)
	require.NoError(t, err)
	require.Len(t, results, len(cmds))
	return results
}

func apply1(t testing.TB, s *Store, c *kvpb.Command) *kvpb.Result {
	t.Helper()
	return apply(t, s, c)[0]
}

func put(key, value string) *kvpb.Command {
	return &kvpb.Command{Op: kvpb.Command_OP_PUT, Key: []byte(key), Value: []byte(value)}
}

func del(key string) *kvpb.Command {
	return &kvpb.Command{Op: kvpb.Command_OP_DELETE, Key: []byte(key)}
}

func cas(key, expect, value string) *kvpb.Command {
	return &kvpb.Command{Op: kvpb.Command_OP_CAS, Key: []byte(key), Expect: []byte(expect), Value: []byte(value)}
}

func casAbsent(key, value string) *kvpb.Command {
	c := cas(key, "", value)
	c.ExpectAbsent = true
	return c
}

func clock(nowMS, ttlMS uint64) *kvpb.Command {
	return &kvpb.Command{Op: kvpb.Command_OP_CLOCK, NowMs: nowMS, SessionTtlMs: ttlMS}
}

// in makes c the write of a session.
func in(session, sequence, firstOpen uint64, c *kvpb.Command) *kvpb.Command {
	c.Session, c.Sequence, c.FirstOpen = session, sequence, firstOpen
	return c
}

func open(t testing.TB, s *Store) uint64 {
	t.Helper()
	r := apply1(t, s, &kvpb.Command{Op: kvpb.Command_OP_OPEN_SESSION})
	require.Equal(t, kvpb.Result_CODE_OK, r.GetCode())
	return r.GetSession()
}

func equalResult(t testing.TB, want, got *kvpb.Result) {
	t.Helper()
	assert.Truef(t, proto.Equal(want, got), "want {%v}, got {%v}", want, got)
}

func value(t testing.TB, s *Store, key string) string {
	t.Helper()
	v, ok := s.Get([]byte(key))
	require.True(t, ok, "%q is there", key)
	return string(v)
}

func TestWrites(t *testing.T) {
	present := []byte("old")
	tests := map[string]struct {
		command *kvpb.Command
		want    *kvpb.Result
		value   string // of key a afterwards; "" is none
	}{
		"put replaces":                  {put("a", "new"), &kvpb.Result{}, "new"},
		"put of another key":            {put("b", "new"), &kvpb.Result{}, "old"},
		"delete finds":                  {del("a"), &kvpb.Result{Found: true}, ""},
		"delete finds nothing":          {del("b"), &kvpb.Result{}, "old"},
		"cas wins":                      {cas("a", "old", "new"), &kvpb.Result{Swapped: true, Found: true, Actual: present}, "new"},
		"cas loses and tells":           {cas("a", "other", "new"), &kvpb.Result{Found: true, Actual: present}, "old"},
		"cas of an absent key loses":    {cas("b", "old", "new"), &kvpb.Result{}, "old"},
		"cas of absent, expecting none": {cas("b", "", "new"), &kvpb.Result{}, "old"},
		"cas on absence wins":           {casAbsent("b", "new"), &kvpb.Result{Swapped: true}, "old"},
		"cas on absence loses":          {casAbsent("a", "new"), &kvpb.Result{Found: true, Actual: present}, "old"},
		"an unknown command":            {&kvpb.Command{Op: 99, Key: []byte("a")}, &kvpb.Result{Code: kvpb.Result_CODE_REFUSED}, "old"},
		"no command":                    {&kvpb.Command{Key: []byte("a")}, &kvpb.Result{Code: kvpb.Result_CODE_REFUSED}, "old"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := New(Limits{})
			apply(t, s, put("a", "old"))
			equalResult(t, tt.want, apply1(t, s, tt.command))
			v, ok := s.Get([]byte("a"))
			assert.Equal(t, tt.value != "", ok)
			assert.Equal(t, tt.value, string(v))
		})
	}
}

func TestABatchIsAppliedInOrder(t *testing.T) {
	s := New(Limits{})
	r := apply(t, s, put("k", "1"), cas("k", "1", "2"), cas("k", "1", "3"), del("k"), del("k"))
	assert.True(t, r[1].GetSwapped())
	assert.Equal(t, "2", string(r[2].GetActual()))
	assert.True(t, r[3].GetFound())
	assert.False(t, r[4].GetFound())
}

func TestBytesFollowsThePairs(t *testing.T) {
	s := New(Limits{})
	apply(t, s, put("key", "12345"), put("other", ""))
	assert.EqualValues(t, 3+5+5, s.Bytes())
	apply(t, s, put("key", "1"))
	assert.EqualValues(t, 3+1+5, s.Bytes())
	apply(t, s, del("key"), del("key"), del("other"))
	assert.Zero(t, s.Bytes())
	assert.Zero(t, s.Keys())
}

func TestEntriesAreAppliedOnceAndInOrder(t *testing.T) {
	s := New(Limits{})
	apply(t, s, put("a", "1"))
	for _, index := range []uint64{0, 1, 3, MaxIndex + 1} {
		_, err := s.Apply(index, nil)
		require.ErrorIs(t, err, ErrOutOfOrder)
	}
	results, err := s.Apply(2, nil)
	require.NoError(t, err)
	assert.Empty(t, results, "an entry without data is nobody's command")
	assert.EqualValues(t, 2, s.AppliedIndex())
}

func TestAnEntryThatCannotBeReadChangesNothing(t *testing.T) {
	s := New(Limits{})
	apply(t, s, put("a", "1"))
	before := s.Hash()
	data, err := EncodeBatch([]*kvpb.Command{put("a", "2"), put("b", "2")})
	require.NoError(t, err)
	_, err = s.Apply(2, data[:len(data)-1])
	require.ErrorIs(t, err, ErrCorruptCommand)
	assert.Equal(t, before, s.Hash())
}

func TestABatchIsBounded(t *testing.T) {
	cmds := make([]*kvpb.Command, MaxBatch+1)
	for i := range cmds {
		cmds[i] = &kvpb.Command{Op: kvpb.Command_OP_OPEN_SESSION}
	}
	_, err := EncodeBatch(cmds)
	require.ErrorIs(t, err, ErrBatchTooLarge)

	data, err := proto.Marshal(&kvpb.Batch{Commands: cmds})
	require.NoError(t, err)
	_, err = New(Limits{}).Apply(1, data)
	require.ErrorIs(t, err, ErrCorruptCommand)
	require.ErrorIs(t, err, ErrBatchTooLarge)

	s := New(Limits{MaxSessions: MaxBatch + 1})
	results := apply(t, s, cmds[:MaxBatch]...)
	next := open(t, s)
	assert.Less(t, results[MaxBatch-1].GetSession(), next, "the last of the longest batch is not the first of the next")
	assert.Equal(t, MaxBatch+1, s.Sessions(), "no id was given twice")
}

func TestTheStoreKeepsNoBytesOfTheEntry(t *testing.T) {
	s := New(Limits{})
	data, err := EncodeBatch([]*kvpb.Command{put("key", "value")})
	require.NoError(t, err)
	_, err = s.Apply(1, data)
	require.NoError(t, err)
	clear(data)
	assert.Equal(t, "value", value(t, s, "key"))
}

func TestListIsOrderedAndPaged(t *testing.T) {
	s := New(Limits{})
	apply(t, s, put("b/2", "2"), put("a", "0"), put("b/1", "1"), put("b/3", "3"), put("c", "9"))
	keys := func(pairs []Pair) (keys []string) {
		for _, p := range pairs {
			keys = append(keys, string(p.Key)+"="+string(p.Value))
		}
		return keys
	}
	tests := map[string]struct {
		prefix, after string
		limit         int
		want          []string
		more          bool
	}{
		"all":                  {"", "", 10, []string{"a=0", "b/1=1", "b/2=2", "b/3=3", "c=9"}, false},
		"prefix":               {"b/", "", 10, []string{"b/1=1", "b/2=2", "b/3=3"}, false},
		"exactly the limit":    {"b/", "", 3, []string{"b/1=1", "b/2=2", "b/3=3"}, false},
		"cut by the limit":     {"b/", "", 2, []string{"b/1=1", "b/2=2"}, true},
		"next page":            {"b/", "b/2", 2, []string{"b/3=3"}, false},
		"after an absent key":  {"b/", "b/15", 1, []string{"b/2=2"}, true},
		"after lies before":    {"b/", "a", 1, []string{"b/1=1"}, true},
		"after lies behind":    {"b/", "c", 1, nil, false},
		"prefix of nothing":    {"x", "", 1, nil, false},
		"no limit, no pairs":   {"b/", "", 0, nil, true},
		"a prefix that is key": {"a", "", 5, []string{"a=0"}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			pairs, more := s.List([]byte(tt.prefix), []byte(tt.after), tt.limit)
			assert.Equal(t, tt.want, keys(pairs))
			assert.Equal(t, tt.more, more)
		})
	}
}
