package raft

import (
	"flag"
	"fmt"
	"math/rand"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"raftkv/raft/quorum"
)

var (
	randomSeeds = flag.Int("random-seeds", 60, "runs of TestRandomRunsKeepTheInvariants")
	randomFirst = flag.Int64("random-first", 1, "seed of the first run")
)

// TestRandomRunsKeepTheInvariants shuffles, loses and repeats messages, delays
// disks, crashes nodes, takes their logs from them, compacts, changes members,
// transfers and reads, all from a seed, and
// checks the properties of figure 3 after every step. Then it heals everything
// and wants an entry committed everywhere.
func TestRandomRunsKeepTheInvariants(t *testing.T) {
	changes, recovered, stuck := 0, 0, 0
	for i := range *randomSeeds {
		seed := *randomFirst + int64(i)
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			r := newRandomRun(t, seed)
			for range randomSteps {
				r.act()
				r.check()
			}
			if r.converge(); r.stuck() {
				stuck++
			}
			changes, recovered = changes+r.changes, recovered+r.recovered
		})
	}
	require.Greater(t, changes, *randomSeeds, "memberships must have changed")
	require.Greater(t, recovered, *randomSeeds/4, "nodes must have recovered from damage")
	t.Logf("%d changes of membership were committed, %d nodes recovered, %d runs ended without enough voters", changes, recovered, stuck)
}

// randomSteps is the length of a run before everything is healed.
const randomSteps = 6000

// randomRun is one run and what must never be contradicted later.
type randomRun struct {
	t         *testing.T
	rnd       *rand.Rand
	c         *testCluster
	committed []Entry           // by index-1, as the first node committed it
	leaders   map[uint64]uint64 // by term
	installs  map[uint64]*SnapshotMeta
	reads     map[uint64]uint64 // what was committed anywhere when the read came
	commits   map[uint64]uint64 // by node, to see that it never goes down
	nextRead  uint64
	nextData  int
	members   ConfState // the last committed
	changes   int       // of membership, committed
	initial   map[uint64]SnapshotMeta
	lives     uint64 // of nodes that recover from damage
	recovered int    // that did
}

func newRandomRun(t *testing.T, seed int64) *randomRun {
	r := &randomRun{t: t, rnd: rand.New(rand.NewSource(seed)), c: newTestCluster(),
		leaders: map[uint64]uint64{}, installs: map[uint64]*SnapshotMeta{},
		reads: map[uint64]uint64{}, commits: map[uint64]uint64{}, initial: map[uint64]SnapshotMeta{}}
	conf := ConfState{Voters: []uint64{1, 2, 3}}
	if seed%2 == 0 {
		conf.Voters = []uint64{1, 2, 3, 4, 5}
	}
	if seed%5 == 0 {
		conf.Learners = []uint64{6}
	}
	r.members = conf
	members := slices.Concat(conf.Voters, conf.Learners)
	for _, id := range append(members, 7, 8) {
		cfg := testConfig(id, conf)
		if !slices.Contains(members, id) {
			cfg.Snapshot.Conf = ConfState{} // it may be added some day
		}
		cfg.Rand = r.rnd.Intn
		cfg.MaxInflightMsgs, cfg.MaxMsgBytes = 3, 100
		r.c.add(cfg).disk.async = true
		r.initial[id] = cfg.Snapshot
	}
	return r
}

func (r *randomRun) someID() uint64 {
	ids := r.c.ids()
	return ids[r.rnd.Intn(len(ids))]
}

// act does one random thing. The weights keep leaders alive long enough to
// commit, and let them fall often.
func (r *randomRun) act() {
	id := r.someID()
	switch w := r.rnd.Intn(1000); {
	case w < 80:
		r.c.nodes[id].Tick()
	case w < 300:
		r.ready(id)
	case w < 320:
		r.changeMembers()
	case w < 520:
		r.disk(id)
	case w < 910:
		r.network()
	case w < 940:
		r.propose()
	case w < 960:
		r.read(id)
	case w < 975:
		r.compact(id)
	case w < 985:
		r.install(id, r.rnd.Intn(4) > 0)
	case w < 988:
		_ = r.c.nodes[id].TransferLeader(r.someID())
	case w < 991:
		r.c.nodes[id].ReportUnreachable(r.someID())
	case w < 994:
		r.crash(id)
	case w < 996:
		r.c.isolate(id)
	case w < 997:
		r.damage(id)
	default:
		r.c.heal()
	}
}

func (r *randomRun) ready(id uint64) {
	tn := r.c.nodes[id]
	if !tn.HasReady() {
		return
	}
	rd := r.c.ready(id)
	r.noteCommitted(rd.Committed)
	for _, rs := range rd.ReadStates {
		require.GreaterOrEqual(r.t, rs.Index, r.reads[rs.ReadID], "read %d misses what was committed before it came", rs.ReadID)
	}
	if rd.Snapshot != nil {
		r.installs[id] = rd.Snapshot
	}
	require.LessOrEqual(r.t, tn.Applied(), tn.Commit())
}

// noteCommitted checks State Machine Safety.
func (r *randomRun) noteCommitted(entries []Entry) {
	for _, e := range entries {
		if e.Index == uint64(len(r.committed))+1 {
			r.committed = append(r.committed, e)
			r.noteMembership(e)
			continue
		}
		require.Equal(r.t, r.committed[e.Index-1], e, "two entries were committed at one index")
	}
}

// noteMembership checks that one membership follows from the other: voters
// change only through a joint one, which the next one leaves.
func (r *randomRun) noteMembership(e Entry) {
	if e.Type != EntryConfChange {
		return
	}
	next, err := DecodeConfState(e.Data)
	require.NoError(r.t, err)
	switch {
	case r.members.isJoint():
		require.Equal(r.t, r.members.Voters, next.Voters, "a joint membership was not left")
		require.Empty(r.t, next.VotersOutgoing)
	case next.isJoint():
		require.Equal(r.t, r.members.Voters, next.VotersOutgoing, "a change overtook another")
	default:
		require.Equal(r.t, r.members.Voters, next.Voters, "voters changed at one stroke")
	}
	r.members = next
	r.changes++
}

// disk completes a write; its engine may hear of it later.
func (r *randomRun) disk(id uint64) {
	d := &r.c.nodes[id].disk
	if len(d.pending) > 0 && (r.rnd.Intn(2) == 0 || len(d.written) == 0) {
		r.c.diskWritten(id)
	} else if len(d.written) > 0 {
		r.c.diskReport(id)
	}
}

func (r *randomRun) drain(id uint64) {
	for len(r.c.nodes[id].disk.pending) > 0 {
		r.c.diskWritten(id)
	}
}

// network delivers, loses or repeats a message, mostly an early one.
func (r *randomRun) network() {
	if len(r.c.flight) == 0 {
		return
	}
	i := r.rnd.Intn(min(len(r.c.flight), 1+r.rnd.Intn(8)))
	m := r.c.flight[i]
	fate := r.rnd.Intn(100)
	if fate >= 4 {
		r.c.flight = slices.Delete(r.c.flight, i, i+1)
	}
	if fate >= 4 && fate < 10 || r.c.cut[[2]uint64{m.From, m.To}] {
		r.lost(m)
		return
	}
	r.c.step(m)
	if m.Type == MsgSnapshot {
		r.c.nodes[m.From].ReportSnapshot(m.To, true)
	}
}

func (r *randomRun) lost(m Message) {
	if m.Type == MsgSnapshot {
		r.c.nodes[m.From].ReportSnapshot(m.To, false)
	}
}

func (r *randomRun) propose() {
	for _, id := range r.c.ids() {
		if tn := r.c.nodes[id]; tn.Role() == Leader {
			r.nextData++
			_, _, _ = tn.Propose([]byte(fmt.Sprint("p", r.nextData)))
		}
	}
}

// changeMembers has every leader, deposed or not, try a change: somebody comes,
// all learners are promoted, somebody goes, or two of these at once.
func (r *randomRun) changeMembers() {
	kind, some := r.rnd.Intn(4), r.someID()
	for _, id := range r.c.ids() {
		tn := r.c.nodes[id]
		var cc ConfChange
		if kind == 0 {
			cc.AddLearners = []uint64{some}
		}
		if kind == 1 || kind == 2 {
			cc.AddVoters = tn.conf.Learners
		}
		if kind >= 2 && len(tn.conf.Voters) > 1+r.rnd.Intn(4) && !slices.Contains(cc.AddVoters, some) {
			cc.Remove = []uint64{some}
		}
		_, _, _ = tn.ProposeConfChange(cc)
	}
}

func (r *randomRun) read(id uint64) {
	r.nextRead++
	r.reads[r.nextRead] = uint64(len(r.committed))
	_ = r.c.nodes[id].ReadIndex(r.nextRead)
}

func (r *randomRun) compact(id uint64) {
	tn := r.c.nodes[id]
	if r.installs[id] != nil || tn.Applied() <= tn.snapshot.Index {
		return
	}
	r.drain(id)
	index := tn.Applied()
	term := r.committed[index-1].Term
	conf, err := tn.ConfAt(index)
	require.NoError(r.t, err)
	if conf.empty() {
		return // it has yet to hear who is a member
	}
	meta := SnapshotMeta{Index: index, Term: term, Conf: conf}
	require.NoError(r.t, tn.Compact(meta, index+1-min(index, uint64(r.rnd.Intn(3)))))
	d := &tn.disk
	from := min(index-d.snapshot.Index, uint64(len(d.entries)))
	d.snapshot, d.entries = meta, slices.Clone(d.entries[from:])
}

func (r *randomRun) install(id uint64, ok bool) {
	if meta := r.installs[id]; meta != nil {
		r.drain(id)
		delete(r.installs, id)
		r.c.snapshotDone(id, *meta, ok)
	}
}

// crash restarts a node, which goes on recovering if it had to.
func (r *randomRun) crash(id uint64) {
	if tn := r.c.nodes[id]; tn.cfg.Recovery != 0 {
		tn.cfg.Recovery = r.life()
	}
	r.restart(id)
}

// damage takes a node's log, and half the time the snapshot with it. Term and
// vote survive. One node at a time: more of them and a removal could leave nobody
// who votes.
func (r *randomRun) damage(id uint64) {
	tn := r.c.nodes[id]
	anyone := func(id uint64) bool { return r.c.nodes[id].Recovering() }
	if tn.disk.hs.Term == 0 || slices.ContainsFunc(r.c.ids(), anyone) {
		return // it has promised nothing yet, or another recovers
	}
	tn.disk.entries = nil
	if r.rnd.Intn(2) == 0 {
		tn.disk.snapshot = r.initial[id]
	}
	tn.cfg.Recovery = r.life()
	r.restart(id)
}

// life numbers the lives of nodes that recover; no read has such a number.
func (r *randomRun) life() uint64 {
	r.lives++
	return 1<<40 + r.lives
}

func (r *randomRun) restart(id uint64) {
	delete(r.installs, id)
	delete(r.commits, id)
	r.c.restart(id)
}

// check asserts Election Safety, a commit that never goes down, and that what
// is committed stays in the logs that had it (Leader Completeness, Log
// Matching).
func (r *randomRun) check() {
	for _, id := range r.c.ids() {
		tn := r.c.nodes[id]
		if tn.Role() == Leader {
			if was, known := r.leaders[tn.Term()]; known {
				require.Equal(r.t, was, id, "two leaders in term %d", tn.Term())
			}
			r.leaders[tn.Term()] = id
		}
		require.GreaterOrEqual(r.t, tn.Commit(), r.commits[id])
		r.commits[id] = tn.Commit()
		r.checkLog(tn)
		if tn.cfg.Recovery != 0 && !tn.Recovering() {
			tn.cfg.Recovery = 0 // as the caller takes the mark off its folder
			r.recovered++
		}
	}
}

func (r *randomRun) checkLog(tn *testNode) {
	upTo := min(tn.Commit(), uint64(len(r.committed)))
	if tn.Role() == Leader && r.newest(tn) {
		upTo = uint64(len(r.committed))
		require.GreaterOrEqual(r.t, tn.LastIndex(), upTo, "a leader lacks committed entries")
	}
	for i := max(tn.log.first(), upTo-min(upTo, 3)); i <= upTo; i++ {
		require.True(r.t, tn.log.matches(i, r.committed[i-1].Term), "node %d has another entry %d", tn.id, i)
	}
}

// newest says that no later leader was elected; an older one may lack what that
// has committed.
func (r *randomRun) newest(tn *testNode) bool {
	for term := range r.leaders {
		if term > tn.Term() {
			return false
		}
	}
	return true
}

// converge heals everything and wants progress.
func (r *randomRun) converge() {
	r.c.heal()
	for _, m := range r.c.take(func(Message) bool { return true }) {
		r.lost(m)
	}
	goal := len(r.committed) + 1
	for i := range 400 {
		for _, id := range r.c.ids() {
			r.c.nodes[id].Tick()
		}
		for range 4 {
			r.round()
		}
		r.check()
		if i%20 == 0 {
			r.propose()
		}
		if r.everyoneAt(goal) || r.stuck() {
			return
		}
	}
	for _, id := range r.c.ids() {
		r.t.Logf("%+v", r.c.nodes[id].Status())
	}
	r.t.Fatal("no progress after healing")
}

func (r *randomRun) round() {
	for _, id := range r.c.ids() {
		r.ready(id)
		r.drain(id)
		for len(r.c.nodes[id].disk.written) > 0 {
			r.c.diskReport(id)
		}
		r.install(id, true)
	}
	for _, m := range r.c.take(func(Message) bool { return true }) {
		r.c.step(m)
		if m.Type == MsgSnapshot {
			r.c.nodes[m.From].ReportSnapshot(m.To, true)
		}
	}
}

func (r *randomRun) everyoneAt(goal int) bool {
	for _, id := range r.c.ids() {
		if tn := r.c.nodes[id]; tn.Role() == Leader && tn.Applied() >= uint64(goal) {
			members := append(tn.conf.peers(None), tn.id)
			return !tn.conf.isJoint() && !slices.ContainsFunc(members, func(id uint64) bool { return r.c.nodes[id].Applied() < uint64(goal) })
		}
	}
	return false
}

// stuck says that a node waits for a leader to recover from, and nobody can be
// elected without its vote: that is more damage than its cluster survives, a
// cluster of two at that moment as a rule.
func (r *randomRun) stuck() bool {
	waits := false
	for _, id := range r.c.ids() {
		tn := r.c.nodes[id]
		waits = waits || tn.Recovering()
		votes := tn.voters.Vote(func(id uint64) (bool, bool) {
			v := r.c.nodes[id]
			return !v.Recovering() && v.log.upToDate(tn.log.last(), tn.log.lastTerm()), true
		})
		if tn.Role() == Leader || tn.promotable() && votes == quorum.Won {
			return false
		}
	}
	return waits
}
