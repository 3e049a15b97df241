package raft

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// lies are the panics that messages alone can bring about, and only such as no
// honest peer sends: Raft takes peers for slow and forgetful, not for liars. A
// node that met one has been told that something committed is lost, or that a
// term has two leaders, and stops rather than choose. Everything else that
// panics is a bug of the engine.
var lies = []string{
	"raft: invariant broken: one leader per term:",
	"raft: invariant broken: leaders hold all committed entries:",
	"raft: invariant broken: committed entries are final:",
}

// FuzzStep gives an engine arbitrary messages, in any order, between inputs of
// a caller that keeps to its duties. Whatever comes, the engine's own invariants
// hold after each input, and what it hands out is in order.
func FuzzStep(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0, 5, 2, 1, 3, 0, 0, 2, 1, 1, 1, 9, 9, 0, 5, 2, 1, 3, 2, 1, 0})
	f.Add([]byte{2, 4, 9, 0, 2, 2, 1, 1, 9, 0, 4, 2, 1, 1, 9, 3, 4, 9, 0, 6, 2, 1, 1, 1, 9})
	f.Add([]byte{0, 9, 2, 3, 8, 2, 9, 6, 0, 5, 2, 3, 8, 2, 2, 3, 3, 9, 9, 5, 8, 9})
	f.Add([]byte(strings.Repeat("\x01\x09", 30)))
	f.Fuzz(stepProgram)
}

var programs = flag.Uint64("programs", 1000, "how many random programs TestStepTakesArbitraryMessages runs")

// The same without a fuzzer: long programs drawn at random, of which a fuzzer
// that grows them byte by byte thinks late.
func TestStepTakesArbitraryMessages(t *testing.T) {
	for seed := range *programs {
		dice := rand.New(rand.NewPCG(seed, 0))
		program := make([]byte, 1+dice.IntN(600))
		for i := range program {
			// Mostly small numbers, rarely the largest.
			if program[i] = byte(dice.IntN(24)); dice.IntN(200) == 0 {
				program[i] = byte(250 + dice.IntN(6))
			}
		}
		if !t.Run(fmt.Sprint(seed), func(t *testing.T) { stepProgram(t, program) }) {
			t.Logf("add to FuzzStep: %q", program)
			return
		}
	}
}

func stepProgram(t *testing.T, program []byte) {
	r := &fuzzRun{t: t, in: program}
	r.start()
	defer r.forgiveLies()
	for len(r.in) > 0 {
		r.input(r.next())
		r.check()
	}
}

// fuzzRun is an engine and a caller that reads its inputs from a program.
type fuzzRun struct {
	t       *testing.T
	in      []byte
	n       *Node
	pending []Ready
	install uint64 // to be answered by SnapshotDone
	applied uint64
	handed  uint64
	hs      HardState
	commit  uint64
}

func (r *fuzzRun) start() {
	conf := ConfState{Voters: []uint64{1, 2, 3}}
	b := r.next()
	if b&1 > 0 {
		conf.Learners = []uint64{4}
	}
	cfg := testConfig(1, conf)
	cfg.ElectionTicks, cfg.MaxMsgBytes, cfg.MaxInflightMsgs = 3, 60, 2
	n, err := New(cfg)
	require.NoError(r.t, err)
	r.n = n
	if b&2 > 0 {
		r.elect()
	}
}

// elect makes the engine a leader, by honest replies.
func (r *fuzzRun) elect() {
	r.n.Campaign()
	for _, m := range []Message{{Type: MsgPreVoteResp}, {Type: MsgVoteResp}} {
		r.ready()
		r.written()
		m.From, m.To, m.Term = 2, 1, 1
		require.NoError(r.t, r.n.Step(m))
	}
	r.ready()
	r.written()
	require.Equal(r.t, Leader, r.n.role)
}

// next is the program's next byte, 0 behind its end.
func (r *fuzzRun) next() byte {
	if len(r.in) == 0 {
		return 0
	}
	b := r.in[0]
	r.in = r.in[1:]
	return b
}

// small is a number that is mostly small, and now and then as large as can be.
func (r *fuzzRun) small(n byte) uint64 {
	switch b := r.next(); b {
	case 255:
		return math.MaxUint64
	case 254:
		return math.MaxUint64 - 1
	default:
		return uint64(b % n)
	}
}

// mostlyHonest keeps most programs from ending early, at a second leader: what
// only a leader sends comes from the leader, and to a leader come replies.
func (r *fuzzRun) mostlyHonest(m *Message) {
	leads := m.Type == MsgAppend || m.Type == MsgHeartbeat || m.Type == MsgSnapshot
	if !leads || r.next() == 7 {
		return
	}
	switch {
	case r.n.role == Leader && m.Term == r.n.hs.Term:
		m.Type = MsgAppendResp + 2*MessageType(r.next()%2) // or MsgHeartbeatResp
	case r.n.leader != None && m.Term == r.n.hs.Term:
		m.From = r.n.leader
	}
}

// near is mostly what it is given, often a little beside it, rarely anything.
func (r *fuzzRun) near(v uint64) uint64 {
	switch b := r.next() % 12; b {
	case 7, 8:
		return v + 1
	case 9:
		return v - min(v, 1)
	case 10:
		return v - min(v, 3)
	case 11:
		return r.small(16)
	default:
		return v
	}
}

func (r *fuzzRun) input(op byte) {
	switch op % 12 {
	case 0, 1, 2:
		_ = r.n.Step(r.message()) // a refusal is fine
	case 3:
		r.n.Tick()
	case 4:
		r.n.Campaign()
	case 5:
		_, _, _ = r.n.Propose([]byte{r.next()})
	case 6:
		_ = r.n.ReadIndex(r.small(9))
	case 7:
		_ = r.n.TransferLeader(r.small(5))
	case 8:
		r.snapshot(r.next())
	case 9:
		r.ready()
	case 10:
		r.written()
	case 11:
		r.n.ReportUnreachable(r.small(5))
		r.n.ReportSnapshot(r.small(5), r.next()&1 > 0)
	}
}

func (r *fuzzRun) message() Message {
	m := Message{
		Type: MessageType(r.next() % 14), From: r.small(5), To: 1, Term: r.near(r.n.hs.Term),
		Index: r.near(r.n.log.last()), Commit: r.near(r.n.commit), HintIndex: r.near(r.n.commit), HintTerm: r.near(r.n.hs.Term),
		Round: r.near(r.n.reads.round), ReadID: r.small(5),
	}
	r.mostlyHonest(&m)
	term, _ := r.n.log.term(m.Index)
	m.LogTerm = r.near(term)
	if m.Type == MsgPreVoteResp && r.next()%2 == 0 {
		m.Term++
	}
	flags := r.next()
	m.Reject, m.Transfer = flags&1 > 0, flags&2 > 0
	for range flags >> 2 & 3 {
		m.Entries = append(m.Entries, Entry{Index: m.Index + uint64(len(m.Entries)) + 1, Term: r.near(m.Term), Data: []byte{r.next()}})
	}
	if flags&16 > 0 {
		m.Snapshot = &SnapshotMeta{Index: r.near(r.n.commit + 2), Term: r.near(term), Conf: ConfState{Voters: []uint64{1, 2, 3}}}
	}
	return m
}

// snapshot ends an installation, or compacts behind what is applied.
func (r *fuzzRun) snapshot(b byte) {
	if r.install > 0 {
		index := r.install
		r.install = 0
		if r.n.SnapshotDone(index, b&1 > 0); b&1 > 0 {
			r.applied, r.handed = index, index
		}
		return
	}
	if term, ok := r.n.log.term(r.applied); ok && r.applied > 0 {
		meta := SnapshotMeta{Index: r.applied, Term: term, Conf: r.n.Status().Conf}
		_ = r.n.Compact(meta, r.applied+1-min(r.applied, uint64(b%4)))
	}
}

func (r *fuzzRun) ready() {
	rd := r.n.Ready()
	if rd.HardState != nil {
		require.GreaterOrEqual(r.t, rd.HardState.Term, r.hs.Term)
	}
	for _, e := range rd.Committed {
		require.Equal(r.t, r.handed+1, e.Index, "each entry once, in order")
		r.handed = e.Index
	}
	for _, m := range slices.Concat(rd.Messages, rd.MessagesAfterAppend) {
		require.NoError(r.t, m.validate(), "an honest node sends nothing malformed: %+v", m)
	}
	if rd.Snapshot != nil {
		r.install = rd.Snapshot.Index
	}
	r.pending = append(r.pending, rd)
	if k := len(rd.Committed); k > 0 {
		r.applied = r.handed
		r.n.ApplyDone(r.applied)
	}
}

func (r *fuzzRun) written() {
	if len(r.pending) > 0 {
		r.n.AppendDone(r.pending[0].Durable())
		r.pending = r.pending[1:]
	}
}

// check holds the engine's invariants, those beside its fields.
func (r *fuzzRun) check() {
	n, l := r.n, r.n.log
	require.GreaterOrEqual(r.t, n.hs.Term, r.hs.Term, "term")
	if n.hs.Term == r.hs.Term && r.hs.Vote != None {
		require.Equal(r.t, r.hs.Vote, n.hs.Vote, "vote kept")
	}
	require.GreaterOrEqual(r.t, n.commit, r.commit, "commit")
	require.True(r.t, n.applied <= n.handed && n.handed <= n.commit && n.commit <= l.last(), "applied, handed, commit, last")
	require.True(r.t, l.base <= l.handed && l.stable <= l.handed && l.handed <= l.last(), "stable, handed, last")
	require.True(r.t, n.snapshot.Index <= n.applied, "snapshot")
	require.NoError(r.t, checkSequence(l.base, l.baseTerm, l.entries))
	require.LessOrEqual(r.t, l.lastTerm(), n.hs.Term, "no entry of a later term")
	require.Equal(r.t, n.role == Leader, n.leader == n.id)
	require.Equal(r.t, n.role == Leader, n.progress != nil)
	for id, pr := range n.progress {
		require.True(r.t, pr.Match < pr.Next && pr.Next <= l.last()+1, "progress of %d: %+v, last %d", id, pr, l.last())
	}
	r.hs, r.commit = n.hs, n.commit
}

// forgiveLies passes over the panics that only a liar can cause.
func (r *fuzzRun) forgiveLies() {
	p := recover()
	if p == nil || slices.ContainsFunc(lies, func(lie string) bool { return strings.HasPrefix(fmt.Sprint(p), lie) }) {
		return
	}
	panic(p)
}
