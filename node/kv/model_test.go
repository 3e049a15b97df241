package kv

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"raftkv/node/kv/kvpb"
)

// model does what the package says, the slow and obvious way.
type model struct {
	maxSessions int
	now         uint64
	place       int
	pairs       map[string]string
	sessions    map[uint64]*modelSession
}

type modelSession struct {
	active, firstOpen uint64
	used              int
	answers           map[uint64]string
}

func newModel(maxSessions int) *model {
	return &model{maxSessions: maxSessions, pairs: map[string]string{}, sessions: map[uint64]*modelSession{}}
}

// apply returns the result as text; id is what a new session is to be called.
func (m *model) apply(c *kvpb.Command, id uint64) string {
	m.place++
	switch c.GetOp() {
	case kvpb.Command_OP_OPEN_SESSION:
		for len(m.sessions) >= m.maxSessions {
			delete(m.sessions, m.idlest())
		}
		m.sessions[id] = &modelSession{active: m.now, firstOpen: 1, used: m.place, answers: map[uint64]string{}}
		return "opened"
	case kvpb.Command_OP_CLOSE_SESSION:
		_, found := m.sessions[c.GetSession()]
		delete(m.sessions, c.GetSession())
		return okText(found, false, "")
	case kvpb.Command_OP_CLOCK:
		return m.tick(c)
	}
	if c.GetSession() == 0 {
		return m.write(c)
	}
	return m.once(c)
}

func (m *model) idlest() (id uint64) {
	for i, s := range m.sessions {
		if id == 0 || s.used < m.sessions[id].used {
			id = i
		}
	}
	return id
}

func (m *model) tick(c *kvpb.Command) string {
	if m.now == 0 {
		for _, s := range m.sessions {
			s.active = c.GetNowMs()
		}
	}
	m.now = max(m.now, c.GetNowMs())
	for id, s := range m.sessions {
		if c.GetSessionTtlMs() > 0 && m.now-s.active > c.GetSessionTtlMs() {
			delete(m.sessions, id)
		}
	}
	return okText(false, false, "")
}

func (m *model) once(c *kvpb.Command) string {
	s, ok := m.sessions[c.GetSession()]
	if !ok {
		return "expired"
	}
	s.active, s.used = m.now, m.place
	s.firstOpen = max(s.firstOpen, c.GetFirstOpen())
	for sequence := range s.answers {
		if sequence < s.firstOpen {
			delete(s.answers, sequence)
		}
	}
	switch {
	case c.GetSequence() < s.firstOpen:
		return "forgotten"
	case c.GetSequence() >= s.firstOpen+SessionWindow:
		return "refused"
	}
	if _, known := s.answers[c.GetSequence()]; !known {
		s.answers[c.GetSequence()] = m.write(c)
	}
	return s.answers[c.GetSequence()]
}

func (m *model) write(c *kvpb.Command) string {
	key := string(c.GetKey())
	actual, found := m.pairs[key]
	switch c.GetOp() {
	case kvpb.Command_OP_PUT:
		m.pairs[key] = string(c.GetValue())
		return okText(false, false, "")
	case kvpb.Command_OP_DELETE:
		delete(m.pairs, key)
		return okText(found, false, "")
	}
	swap := found && actual == string(c.GetExpect())
	if c.GetExpectAbsent() {
		swap = !found
	}
	if swap {
		m.pairs[key] = string(c.GetValue())
	}
	return okText(found, swap, actual)
}

func okText(found, swapped bool, actual string) string {
	return fmt.Sprintf("OK found %v swapped %v actual %q", found, swapped, actual)
}

// describe gives a result of the store as the model's text.
func describe(c *kvpb.Command, r *kvpb.Result) string {
	switch {
	case r.GetCode() == kvpb.Result_CODE_SESSION_EXPIRED:
		return "expired"
	case r.GetCode() == kvpb.Result_CODE_SEQUENCE_FORGOTTEN:
		return "forgotten"
	case r.GetCode() == kvpb.Result_CODE_REFUSED:
		return "refused"
	case c.GetOp() == kvpb.Command_OP_OPEN_SESSION:
		return "opened"
	}
	return okText(r.GetFound(), r.GetSwapped(), string(r.GetActual()))
}

// randomCommand writes to few keys of few sessions, so that all cases occur.
func randomCommand(rnd *rand.Rand, ids []uint64, now uint64) *kvpb.Command {
	text := func(n int) string { return fmt.Sprint(rnd.IntN(n)) }
	var c *kvpb.Command
	switch rnd.IntN(20) {
	case 0, 1:
		return &kvpb.Command{Op: kvpb.Command_OP_OPEN_SESSION}
	case 2:
		return &kvpb.Command{Op: kvpb.Command_OP_CLOSE_SESSION, Session: ids[rnd.IntN(len(ids))]}
	case 3:
		return clock(now+uint64(rnd.IntN(40)), uint64(rnd.IntN(3))*30)
	case 4, 5, 6, 7:
		c = del(text(20))
	case 8, 9, 10:
		c = casAbsent(text(20), text(5))
	case 11, 12, 13:
		c = cas(text(20), text(5), text(5))
	default:
		c = put(text(20), text(5))
	}
	recent := ids[max(0, len(ids)-10):]
	sequence := rnd.Uint64N(40)
	if rnd.IntN(10) == 0 {
		sequence += SessionWindow
	}
	return in(recent[rnd.IntN(len(recent))], sequence, rnd.Uint64N(20)*rnd.Uint64N(2), c)
}

// run applies a random log to s and, if there is one, to the model.
func run(t *testing.T, rnd *rand.Rand, s *Store, m *model, entries int) (log [][]byte) {
	ids := []uint64{0}
	for range entries {
		cmds := make([]*kvpb.Command, rnd.IntN(4))
		for i := range cmds {
			cmds[i] = randomCommand(rnd, ids, s.ClockMS())
		}
		data, err := EncodeBatch(cmds)
		require.NoError(t, err)
		log = append(log, data)
		for i, r := range apply(t, s, cmds...) {
			require.Equal(t, m.apply(cmds[i], r.GetSession()), describe(cmds[i], r), "entry %d: %v", s.AppliedIndex(), cmds[i])
			if r.GetSession() != 0 {
				ids = append(ids, r.GetSession())
			}
		}
	}
	return log
}

func TestTheStoreAgreesWithTheModel(t *testing.T) {
	for seed := range uint64(30) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		s, m := New(Limits{MaxSessions: 5}), newModel(5)
		run(t, rnd, s, m, 500)
		requireSameState(t, m, s)
	}
}

func requireSameState(t *testing.T, m *model, s *Store) {
	t.Helper()
	want := make([]string, 0, len(m.pairs))
	bytesHeld := 0
	for k, v := range m.pairs {
		want = append(want, k+"="+v)
		bytesHeld += len(k) + len(v)
	}
	slices.SortFunc(want, func(a, b string) int { // the key's order, not the text's
		ka, _, _ := strings.Cut(a, "=")
		kb, _, _ := strings.Cut(b, "=")
		return strings.Compare(ka, kb)
	})
	got := make([]string, 0, s.Keys())
	s.Scan(nil, nil, func(p Pair) bool { got = append(got, string(p.Key)+"="+string(p.Value)); return true })
	require.Equal(t, want, got)
	require.EqualValues(t, bytesHeld, s.Bytes())
	require.Equal(t, len(m.sessions), s.Sessions())
	require.Equal(t, s.sessions.byID.Len(), s.sessions.byUse.Len())
	answers := 0
	for _, se := range m.sessions {
		answers += len(se.answers)
	}
	require.Equal(t, answers, s.sessions.answers.Len(), "no answer is left behind")
}

func TestTheSameLogGivesTheSameState(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 7))
	a := New(Limits{MaxSessions: 5})
	log := run(t, rnd, a, newModel(5), 400)

	b := New(Limits{MaxSessions: 5})
	for i, data := range log {
		if i%50 == 0 { // a replica that restarts from its snapshot at times
			b = restored(t, b)
		}
		_, err := b.Apply(uint64(i+1), data)
		require.NoError(t, err)
	}
	assert.Equal(t, a.Hash(), b.Hash())
	assert.Equal(t, saved(t, a), saved(t, b), "equal states give equal bytes")
}

func TestTheHashTellsStatesApart(t *testing.T) {
	build := func(cmds ...*kvpb.Command) uint64 {
		s := New(Limits{})
		apply(t, s, cmds...)
		return s.Hash()
	}
	session := uint64(1<<positionBits + 1)
	openOne := &kvpb.Command{Op: kvpb.Command_OP_OPEN_SESSION}
	hashes := []uint64{
		build(),
		build(put("a", "b")),
		build(put("ab", "")),
		build(put("a", "")),
		build(clock(1, 0)),
		build(openOne),
		build(openOne, in(session, 1, 1, put("a", "b"))),
		build(openOne, in(session, 2, 1, put("a", "b"))),
		build(openOne, in(session, 2, 2, put("a", "b"))),
		New(Limits{}).Hash(),
	}
	slices.Sort(hashes)
	assert.Len(t, slices.Compact(hashes), 10)
}

func saved(t testing.TB, s *Store) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, s.Snapshot().Save(&b))
	return b.Bytes()
}

func restored(t testing.TB, s *Store) *Store {
	t.Helper()
	r, err := Restore(bytes.NewReader(saved(t, s)), s.limits)
	require.NoError(t, err)
	return r
}
