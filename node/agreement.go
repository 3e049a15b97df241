package node

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"raftkv/node/peer"
	"raftkv/raft"
	"raftkv/raft/membership"
)

const (
	// keptChecks bounds how many indexes are remembered for peers that lag, or
	// until this node has got as far as a peer that is ahead.
	keptChecks = 64
	// remindPeriod is how often the newest digest is told again: one that was
	// lost on the wire is not missed for good.
	remindPeriod = time.Second
)

// ErrDiverged ends a node whose state differs from that of a majority.
var ErrDiverged = errors.New("this replica's state differs from the majority's; it has stopped serving")

// agreement compares this node's state with the others'. Every node tells every
// other the digest of its state at the same indexes, and judges for itself. The
// state at an index is a function of the log up to there (kv), so two digests
// that differ mean that one of the two replicas is wrong; a majority of the
// voters that agree on a digest decides which. Without such a majority the
// difference is an alarm and no more: nobody knows who is right. Owned by the loop.
type agreement struct {
	own    map[uint64]uint64            // index to digest
	others map[uint64]map[uint64]uint64 // index to peer to digest
	differ map[uint64]uint64            // peers last found different, and at which index
	newest peer.Digest
	toldAt time.Time
}

func newAgreement() agreement {
	return agreement{own: map[uint64]uint64{}, others: map[uint64]map[uint64]uint64{}, differ: map[uint64]uint64{}}
}

func (a *agreement) diverged() []uint64 { return membership.Nodes(slices.Sorted(maps.Keys(a.differ))) }

// compare takes this node's digest, in the order of application.
func (l *loop) compare(d peer.Digest) {
	a := &l.agreement
	a.own[d.Index] = d.Digest
	trim(a.own)
	a.newest, a.toldAt = d, l.now
	l.transport.Compare(d)
	for _, id := range slices.Sorted(maps.Keys(a.others[d.Index])) {
		l.judge(d.Index, id)
	}
}

// heard takes a peer's digest.
func (l *loop) heard(from uint64, d peer.Digest) {
	a := &l.agreement
	if a.others[d.Index] == nil {
		a.others[d.Index] = map[uint64]uint64{}
	}
	a.others[d.Index][from] = d.Digest
	trim(a.others)
	l.judge(d.Index, from)
}

// follow forgets the differences of those who are members no longer: nobody will
// ever hear from them that they agree.
func (a *agreement) follow(conf raft.ConfState) {
	maps.DeleteFunc(a.differ, func(id, _ uint64) bool { return !memberOf(conf, id) })
}

func memberOf(conf raft.ConfState, id uint64) bool {
	return slices.Contains(slices.Concat(conf.Voters, conf.VotersOutgoing, conf.Learners), id)
}

// trim forgets the lowest indexes over the bound.
func trim[T any](m map[uint64]T) {
	for len(m) > keptChecks {
		delete(m, slices.Min(slices.Collect(maps.Keys(m))))
	}
}

// remind tells the newest digest again once in a while.
func (l *loop) remind() {
	a := &l.agreement
	if a.newest.Index > 0 && l.now.Sub(a.toldAt) >= remindPeriod {
		a.toldAt = l.now
		l.transport.Compare(a.newest)
	}
}

// judge compares what is known of one peer at an index, and of all.
func (l *loop) judge(index, id uint64) {
	a, conf := &l.agreement, l.raft.Status().Conf
	own, ok := a.own[index]
	theirs, told := a.others[index][id]
	if !ok || !told { // forgotten, or not known yet: that is no difference
		return
	}
	if memberOf(conf, id) {
		l.compareOne(index, id, theirs == own)
	}
	if right, ok := a.majority(index, l.self, conf); ok && right != own {
		l.fail(fmt.Errorf("%w (at index %d its digest is %016x, a majority's %016x)", ErrDiverged, index, own, right))
	}
}

// compareOne raises the alarm about one peer, or ends it.
func (l *loop) compareOne(index, id uint64, same bool) {
	a := &l.agreement
	at, known := a.differ[id]
	switch {
	case !same && !known:
		a.differ[id] = index
		l.log.Error("ALARM: a peer's state differs from this node's", "peer", membership.Node(id), "index", index)
	case same && known && index > at:
		delete(a.differ, id)
		l.log.Warn("a peer's state agrees with this node's again", "peer", membership.Node(id), "index", index)
	}
}

// majority is the digest at index that more than half of the voters have.
func (a *agreement) majority(index, self uint64, conf raft.ConfState) (uint64, bool) {
	votes := map[uint64]int{}
	for _, id := range conf.Voters {
		d, ok := a.others[index][id]
		if id == self {
			d, ok = a.own[index], true
		}
		if ok {
			votes[d]++
		}
	}
	for d, n := range votes {
		if n > len(conf.Voters)/2 {
			return d, true
		}
	}
	return 0, false
}
