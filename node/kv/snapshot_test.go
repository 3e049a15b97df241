package kv

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/cespare/xxhash/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protodelim"

	"raftkv/node/kv/kvpb"
)

// sample is a small store with something of everything.
func sample(t testing.TB) (s *Store, session uint64) {
	s = New(Limits{})
	apply(t, s, put("a", "1"), put("b", ""), clock(1000, 0))
	session = open(t, s)
	open(t, s)
	apply(t, s, in(session, 1, 1, cas("a", "1", "2")), in(session, 2, 1, put("c", "3")))
	return s, session
}

func TestASnapshotRestoresEverything(t *testing.T) {
	s, session := sample(t)
	r := restored(t, s)
	assert.Equal(t, s.Hash(), r.Hash())
	assert.Equal(t, s.Bytes(), r.Bytes())
	assert.Equal(t, s.AppliedIndex(), r.AppliedIndex())
	assert.Equal(t, s.ClockMS(), r.ClockMS())
	assert.Equal(t, s.AppliedIndex(), s.Snapshot().AppliedIndex())

	// Both go on alike, evictions and expiry included.
	for _, st := range []*Store{s, r} {
		apply(t, st, in(session, 3, 2, put("d", "4")), clock(2000, 500), put("e", "5"))
	}
	assert.Equal(t, s.Hash(), r.Hash())
}

func TestARetryAfterARestoreIsNotAppliedAgain(t *testing.T) {
	s, session := sample(t)
	apply(t, s, put("a", "later"))
	r := restored(t, s)
	again := apply1(t, r, in(session, 1, 1, cas("a", "1", "2")))
	assert.True(t, again.GetSwapped(), "it is told what happened the first time")
	assert.Equal(t, "1", string(again.GetActual()))
	assert.Equal(t, "later", value(t, r, "a"))
}

func TestAnEmptyStoreHasASnapshot(t *testing.T) {
	assert.Equal(t, New(Limits{}).Hash(), restored(t, New(Limits{})).Hash())
}

func TestACutSnapshotIsRefused(t *testing.T) {
	s, _ := sample(t)
	whole := saved(t, s)
	for n := range whole {
		_, err := Restore(bytes.NewReader(whole[:n]), Limits{})
		require.ErrorIs(t, err, ErrBadSnapshot, "cut at %d of %d", n, len(whole))
	}
	_, err := Restore(bytes.NewReader(append(whole, 0)), Limits{})
	require.ErrorIs(t, err, ErrBadSnapshot, "something follows")
}

func TestASnapshotWithAFlippedBitIsRefused(t *testing.T) {
	s, _ := sample(t)
	whole := saved(t, s)
	for bit := range len(whole) * 8 {
		damaged := bytes.Clone(whole)
		damaged[bit/8] ^= 1 << (bit % 8)
		_, err := Restore(bytes.NewReader(damaged), Limits{})
		require.Error(t, err, "bit %d of byte %d", bit%8, bit/8)
		require.True(t, errors.Is(err, ErrBadSnapshot) || errors.Is(err, ErrNewerFormat), "%v", err)
	}
}

func TestSnapshotsThatCannotBe(t *testing.T) {
	header := func(change func(*kvpb.Header)) *kvpb.SnapshotItem {
		h := &kvpb.Header{Format: snapshotFormat, AppliedIndex: 10, ClockMs: 100, MaxSessions: 2,
			MaxSessionBytes: 8 << 20, MaxAnswerBytes: 256 << 20}
		change(h)
		return &kvpb.SnapshotItem{Item: &kvpb.SnapshotItem_Header{Header: h}}
	}
	good := header(func(*kvpb.Header) {})
	pair := func(key string) *kvpb.SnapshotItem {
		return &kvpb.SnapshotItem{Item: &kvpb.SnapshotItem_Pair{Pair: &kvpb.Pair{Key: []byte(key)}}}
	}
	session := func(id, active, firstOpen, used uint64) *kvpb.SnapshotItem {
		return &kvpb.SnapshotItem{Item: &kvpb.SnapshotItem_Session{Session: &kvpb.Session{
			Id: id, ActiveMs: active, FirstOpen: firstOpen, LastUsed: used}}}
	}
	answer := func(session, sequence uint64, r *kvpb.Result) *kvpb.SnapshotItem {
		return &kvpb.SnapshotItem{Item: &kvpb.SnapshotItem_Remembered{Remembered: &kvpb.Remembered{
			Session: session, Sequence: sequence, Result: r}}}
	}
	ok := &kvpb.Result{}
	tests := map[string]struct {
		items []*kvpb.SnapshotItem
		want  error
	}{
		"newer":                       {[]*kvpb.SnapshotItem{header(func(h *kvpb.Header) { h.Format++ })}, ErrNewerFormat},
		"other limits":                {[]*kvpb.SnapshotItem{header(func(h *kvpb.Header) { h.MaxSessions++ })}, ErrBadSnapshot},
		"another limit of a session":  {[]*kvpb.SnapshotItem{header(func(h *kvpb.Header) { h.MaxSessionBytes++ })}, ErrBadSnapshot},
		"another limit of answers":    {[]*kvpb.SnapshotItem{header(func(h *kvpb.Header) { h.MaxAnswerBytes++ })}, ErrBadSnapshot},
		"index too large":             {[]*kvpb.SnapshotItem{header(func(h *kvpb.Header) { h.AppliedIndex = MaxIndex + 1 })}, ErrBadSnapshot},
		"no header":                   {[]*kvpb.SnapshotItem{pair("a")}, ErrBadSnapshot},
		"an empty item":               {[]*kvpb.SnapshotItem{good, {}}, ErrBadSnapshot},
		"a second header":             {[]*kvpb.SnapshotItem{good, good}, ErrBadSnapshot},
		"keys in disorder":            {[]*kvpb.SnapshotItem{good, pair("b"), pair("a")}, ErrBadSnapshot},
		"a key twice":                 {[]*kvpb.SnapshotItem{good, pair("a"), pair("a")}, ErrBadSnapshot},
		"a pair after a session":      {[]*kvpb.SnapshotItem{good, session(1, 0, 1, 1), pair("a")}, ErrBadSnapshot},
		"session 0":                   {[]*kvpb.SnapshotItem{good, session(0, 0, 1, 1)}, ErrBadSnapshot},
		"a session twice":             {[]*kvpb.SnapshotItem{good, session(1, 0, 1, 1), session(1, 0, 1, 2)}, ErrBadSnapshot},
		"a use by two sessions":       {[]*kvpb.SnapshotItem{good, session(1, 0, 1, 3), session(2, 0, 1, 3)}, ErrBadSnapshot},
		"more sessions than allowed":  {[]*kvpb.SnapshotItem{good, session(1, 0, 1, 1), session(2, 0, 1, 2), session(3, 0, 1, 3)}, ErrBadSnapshot},
		"a session of the future":     {[]*kvpb.SnapshotItem{good, session(1, 0, 1, 11<<positionBits)}, ErrBadSnapshot},
		"used before it was opened":   {[]*kvpb.SnapshotItem{good, session(2, 0, 1, 1)}, ErrBadSnapshot},
		"active in the future":        {[]*kvpb.SnapshotItem{good, session(1, 101, 1, 1)}, ErrBadSnapshot},
		"nothing open":                {[]*kvpb.SnapshotItem{good, session(1, 0, 0, 1)}, ErrBadSnapshot},
		"a session after an answer":   {[]*kvpb.SnapshotItem{good, session(1, 0, 1, 1), answer(1, 1, ok), session(2, 0, 1, 2)}, ErrBadSnapshot},
		"an answer of no session":     {[]*kvpb.SnapshotItem{good, answer(1, 1, ok)}, ErrBadSnapshot},
		"an answer without result":    {[]*kvpb.SnapshotItem{good, session(1, 0, 1, 1), answer(1, 1, nil)}, ErrBadSnapshot},
		"answers in disorder":         {[]*kvpb.SnapshotItem{good, session(1, 0, 1, 1), answer(1, 2, ok), answer(1, 1, ok)}, ErrBadSnapshot},
		"an answer below the window":  {[]*kvpb.SnapshotItem{good, session(1, 0, 5, 1), answer(1, 4, ok)}, ErrBadSnapshot},
		"an answer behind the window": {[]*kvpb.SnapshotItem{good, session(1, 0, 5, 1), answer(1, 5+SessionWindow, ok)}, ErrBadSnapshot},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			for _, item := range tt.items {
				_, err := protodelim.MarshalTo(&b, item)
				require.NoError(t, err)
			}
			_, err := Restore(&b, Limits{MaxSessions: 2})
			require.ErrorIs(t, err, tt.want)
			require.NotContains(t, err.Error(), "EOF", "refused for what it is, not for its end")
		})
	}
}

// The store goes on while another goroutine writes the snapshot out. Run with
// -race this also shows that they share nothing that changes.
func TestASnapshotDoesNotSeeLaterWrites(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 3))
	s, m := New(Limits{MaxSessions: 5}), newModel(5)
	run(t, rnd, s, m, 200)
	want := saved(t, s)
	sn := s.Snapshot()

	var got bytes.Buffer
	var wg sync.WaitGroup
	wg.Go(func() { assert.NoError(t, sn.Save(&got)) })
	for range 200 {
		apply(t, s, put("0", "changed"), del("1"), clock(s.ClockMS()+10, 30), &kvpb.Command{Op: kvpb.Command_OP_OPEN_SESSION})
	}
	wg.Wait()
	assert.Equal(t, want, got.Bytes())

	got.Reset()
	require.NoError(t, sn.Save(&got), "nor after them")
	assert.Equal(t, want, got.Bytes())
}

var errFull = errors.New("disk full")

// fullDisk takes so many bytes.
type fullDisk struct{ room int }

func (d *fullDisk) Write(p []byte) (int, error) {
	if d.room < len(p) {
		return 0, errFull
	}
	d.room -= len(p)
	return len(p), nil
}

func TestSaveReportsWhatTheWriterSays(t *testing.T) {
	s, _ := sample(t)
	size := len(saved(t, s))
	for room := range size {
		require.ErrorIs(t, s.Snapshot().Save(&fullDisk{room}), errFull)
	}
	require.NoError(t, s.Snapshot().Save(&fullDisk{size}))
}

// A snapshot of before answers were bounded in bytes is continued.
func TestASnapshotOfTheFirstFormatIsRead(t *testing.T) {
	var b bytes.Buffer
	sum := xxhash.New()
	iw := &itemWriter{w: io.MultiWriter(&b, sum), sum: sum}
	iw.write(&kvpb.SnapshotItem{Item: &kvpb.SnapshotItem_Header{Header: &kvpb.Header{Format: 1, AppliedIndex: 7, MaxSessions: 65536}}})
	iw.write(&kvpb.SnapshotItem{Item: &kvpb.SnapshotItem_Trailer{Trailer: &kvpb.Trailer{Checksum: sum.Sum64()}}})
	require.NoError(t, iw.err)
	s, err := Restore(&b, Limits{})
	require.NoError(t, err)
	require.EqualValues(t, 7, s.AppliedIndex())
}
