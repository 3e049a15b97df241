package kv

import (
	"cmp"

	"github.com/tidwall/btree"

	"raftkv/node/kv/kvpb"
)

// SessionWindow is how many sequences of one session may be open at once.
const SessionWindow = 1024

// windowDegree keeps nodes small in the trees whose contents slide along with
// the log: most of their work is to split and merge at the ends.
const windowDegree = 8

// session is an immutable value: a change replaces it, so that snapshots may
// share the trees that hold it.
type session struct {
	activeMS  uint64 // the clock at its last command
	firstOpen uint64 // every sequence below has been answered; at least 1
	lastUsed  uint64 // position of its last command in the log: unique, ascending
}

// answer is one remembered result. Its order is by session, then sequence.
type answer struct {
	session, sequence uint64
	result            *kvpb.Result
}

// answerWeight is what an answer counts beside the value in it.
const answerWeight = 64

func (a answer) weight() int { return answerWeight + len(a.result.GetActual()) }

func answerLess(a, b answer) bool {
	return cmp.Or(cmp.Compare(a.session, b.session), cmp.Compare(a.sequence, b.sequence)) < 0
}

// sessions holds every open session.
//
// Invariants: byUse maps the lastUsed of every session in byID back to it and
// holds nothing else. activeMS does not decrease along byUse, since the clock
// only moves forward. Every answer's session is open, and its sequence lies in
// [firstOpen, firstOpen+SessionWindow). The number of a session's answers is
// bounded by that, and their bytes by what applyOnce refuses.
type sessions struct {
	byID    *btree.Map[uint64, session]
	byUse   *btree.Map[uint64, uint64]
	answers *btree.BTreeG[answer]
	sum     sum // of byID and answers
	// Both follow from answers, so that no snapshot needs them: the weight of all,
	// and by session, without those that have none.
	bytes     int
	bytesByID map[uint64]int
}

func newSessions() *sessions {
	return &sessions{
		byID:    btree.NewMap[uint64, session](0),
		byUse:   btree.NewMap[uint64, uint64](windowDegree),
		answers: btree.NewBTreeGOptions(answerLess, btree.Options{NoLocks: true, Degree: windowDegree}),

		bytesByID: map[uint64]int{},
	}
}

func (ss *sessions) len() int { return ss.byID.Len() }

func (ss *sessions) get(id uint64) (session, bool) { return ss.byID.Get(id) }

// set adds or replaces a session.
func (ss *sessions) set(id uint64, se session) {
	if old, replaced := ss.byID.Set(id, se); replaced {
		ss.byUse.Delete(old.lastUsed)
		ss.sum.remove(hashSession(id, old))
	}
	ss.sum.add(hashSession(id, se))
	ss.byUse.Set(se.lastUsed, id)
}

// remove forgets a session and its answers.
func (ss *sessions) remove(id uint64) (found bool) {
	old, found := ss.byID.Delete(id)
	if found {
		ss.byUse.Delete(old.lastUsed)
		ss.sum.remove(hashSession(id, old))
		ss.forget(id, 0, ^uint64(0))
	}
	return found
}

// oldest is the session whose last command lies furthest back.
func (ss *sessions) oldest() (id uint64, se session, ok bool) {
	_, id, ok = ss.byUse.Min()
	if !ok {
		return 0, session{}, false
	}
	se, ok = ss.byID.Get(id)
	return id, se, ok
}

// expire forgets every session that has been idle for longer than ttlMS.
func (ss *sessions) expire(nowMS, ttlMS uint64) {
	for {
		id, se, ok := ss.oldest()
		if !ok || nowMS-se.activeMS <= ttlMS {
			return
		}
		ss.remove(id)
	}
}

// startClock makes nowMS the last activity of every session. Sessions opened
// before the clock first moved have no time of their own to be idle from.
func (ss *sessions) startClock(nowMS uint64) {
	for _, id := range ss.byID.Keys() {
		se, _ := ss.byID.Get(id)
		ss.sum.remove(hashSession(id, se))
		se.activeMS = nowMS
		ss.byID.Set(id, se)
		ss.sum.add(hashSession(id, se))
	}
}

func (ss *sessions) answer(id, sequence uint64) (*kvpb.Result, bool) {
	a, ok := ss.answers.Get(answer{session: id, sequence: sequence})
	return a.result, ok
}

func (ss *sessions) remember(id, sequence uint64, r *kvpb.Result) {
	ss.keep(answer{session: id, sequence: sequence, result: r})
}

// keep adds an answer that is not there yet.
func (ss *sessions) keep(a answer) {
	ss.answers.Set(a)
	ss.sum.add(hashAnswer(a))
	ss.weigh(a.session, a.weight())
}

// weigh counts answers that came, or went.
func (ss *sessions) weigh(id uint64, by int) {
	ss.bytes += by
	ss.bytesByID[id] += by
	if ss.bytesByID[id] == 0 {
		delete(ss.bytesByID, id)
	}
}

// forget drops a session's answers with sequences from first to last.
func (ss *sessions) forget(id, first, last uint64) {
	for {
		a, ok := ss.answerFrom(id, first)
		if !ok || a.sequence > last {
			return
		}
		ss.answers.Delete(a)
		ss.sum.remove(hashAnswer(a))
		ss.weigh(id, -a.weight())
	}
}

// shrink forgets the sessions idle the longest until all answers fit, but never
// the one in use.
func (ss *sessions) shrink(limit int, inUse uint64) {
	for ss.bytes > limit {
		id, _, ok := ss.oldest()
		if !ok || id == inUse {
			return
		}
		ss.remove(id)
	}
}

// answerFrom is the session's first answer at sequence first or above.
func (ss *sessions) answerFrom(id, first uint64) (a answer, ok bool) {
	ss.answers.Ascend(answer{session: id, sequence: first}, func(next answer) bool {
		a, ok = next, next.session == id
		return false
	})
	return a, ok
}
