package rafttest

import (
	"bytes"
	"time"

	"raftkv/node/kv"
	"raftkv/raft"
)

// node is one process with its disk: the part of the runtime in package node
// that the engine needs, on virtual time.
type node struct {
	w      *world
	number uint64
	// id is the engine's: the number with the folder's incarnation.
	id   uint64
	disk disk
	// blank is the snapshot before the first entry.
	blank snapshotFile

	up    bool
	epoch int // counts starts; what was scheduled in another epoch is dropped
	// paused holds back what would have happened to the process: SIGSTOP.
	paused bool
	held   []func()
	drift  float64
	clock  nodeClock
	// fuse is how many effects the process has left before it crashes; below
	// zero it is not lit.
	fuse int

	eng       *raft.Node
	kv        *kv.Store
	loopSet   bool // a turn of the loop is scheduled
	installs  int  // snapshots between Ready and SnapshotDone
	snapping  bool // a snapshot is being written
	proposals []*request
	waiting   map[uint64]waiter // proposals by index
	asking    []*request        // reads for the next ReadIndex
	reads     map[uint64][]*request
	confirmed []confirmedRead
	incoming  map[uint64]snapshotFile // received, not yet installed
	applies   []apply
	applying  bool
	lastTerm  uint64 // of the last applied entry
	ledSince  time.Duration

	identity
}

func newNode(w *world, number uint64) *node {
	n := &node{w: w, number: number, id: number, drift: 1, clock: nodeClock{drift: 1}}
	var empty bytes.Buffer
	if err := kv.New(kv.Limits{}).Snapshot().Save(&empty); err != nil {
		w.fail("simulator", "save an empty snapshot: %v", err)
	}
	n.disk.snap.data = empty.Bytes()
	n.blank = n.disk.snap
	n.greets()
	return n
}

// start recovers from the disk, as after a crash.
func (n *node) start() {
	if n.up {
		return
	}
	n.w.plantAtStart(n)
	entries, err := n.disk.recover()
	if err != nil {
		n.w.fail("recovery", "node %d: %v", n.id, err)
		return
	}
	n.reset()
	if n.kv, err = restore(n.disk.snap); err != nil {
		n.w.fail("recovery", "node %d: %v", n.id, err)
		return
	}
	cfg := n.config()
	cfg.HardState, cfg.Snapshot, cfg.Entries, cfg.Applied = n.disk.hs, n.disk.began(), entries, n.disk.snap.meta.Index
	cfg.Recovery = n.recoveryID()
	n.configureLeases(&cfg)
	if n.eng, err = raft.New(cfg); err != nil {
		n.w.fail("recovery", "node %d: %v", n.id, err)
		return
	}
	n.up = true
	n.w.note(record{node: n.id, step: stepStart, v: [4]uint64{n.disk.hs.Term, n.disk.hs.Vote, n.disk.snap.meta.Index, n.disk.lastIndex()}})
	n.w.checks.started(n, entries)
	n.scheduleTick()
	n.scheduleGreeting()
	n.wake()
}

func (n *node) reset() {
	n.epoch++
	n.loopSet, n.snapping, n.applying, n.installs, n.fuse = false, false, false, 0, -1
	n.proposals, n.asking, n.confirmed, n.applies = nil, nil, nil, nil
	n.waiting, n.reads = map[uint64]waiter{}, map[uint64][]*request{}
	n.incoming = map[uint64]snapshotFile{}
	n.greets()

	n.lastTerm = n.disk.snap.meta.Term
}

func (n *node) config() raft.Config {
	p := &n.w.plan
	return raft.Config{
		ID: n.id, ElectionTicks: electionTicks, HeartbeatTicks: heartbeatTicks,
		Rand:        newDice(n.w.opts.Seed, streamEngine+stream(n.number)+stream(n.epoch)<<16).IntN,
		MaxMsgBytes: p.maxMsgBytes, MaxInflightMsgs: p.maxInflightMsgs, MaxInflightBytes: p.maxInflightBytes,
		MaxUncommittedBytes: p.maxUncommittedBytes,
	}
}

// restore builds a state machine from a snapshot's bytes.
func restore(f snapshotFile) (*kv.Store, error) {
	return kv.Restore(bytes.NewReader(f.data), kv.Limits{})
}

// crash ends the process at once. What the disk had not completed is lost.
func (n *node) crash() {
	if !n.up {
		return
	}
	n.up, n.paused, n.held = false, false, nil
	n.epoch++
	kept, of := n.disk.lose(func(k int) int { return n.w.diskDice.IntN(k + 1) })
	n.w.note(record{node: n.id, step: stepCrash, v: [4]uint64{uint64(kept), uint64(of)}})
}

// effect counts one thing that the process does to the world. False: the
// process has crashed just before it.
func (n *node) effect() bool {
	if n.fuse < 0 {
		return n.up
	}
	if n.fuse--; n.fuse < 0 {
		n.crash()
	}
	return n.up
}

// after schedules something that this process does d from now, if it still
// runs by then; if it is paused, it does it when it goes on.
func (n *node) after(d time.Duration, do func()) {
	epoch := n.epoch
	var run func()
	run = func() {
		switch {
		case n.epoch != epoch:
		case n.paused:
			n.held = append(n.held, run)
		default:
			do()
		}
	}
	n.w.after(d, run)
}

// pause stops the process; its disk goes on with what it had been given.
func (n *node) pause() {
	n.paused = n.up
	n.w.note(record{node: n.id, step: stepPause})
}

// resume lets everything that was held back happen now, in its order.
func (n *node) resume() {
	if !n.paused {
		return
	}
	n.w.note(record{node: n.id, step: stepResume})
	n.paused = false
	n.bunchTicks()
	held := n.held
	n.held = nil
	for _, do := range held {
		n.w.after(0, do)
	}
}

// scheduleTick keeps the node's own clock going. A pause loses ticks, as a Go
// ticker does.
func (n *node) scheduleTick() {
	n.after(time.Duration(float64(tickEvery)*n.drift), func() {
		n.tick()
		n.tickClock()
		n.scheduleTick()
	})
}

func (n *node) tick() {
	n.eng.Tick()
	n.wake()
}

// wake schedules a turn of the loop. What arrives before it shares the turn.
func (n *node) wake() {
	if n.loopSet {
		return
	}
	n.loopSet = true
	n.after(n.w.nodeDice.between(0, n.w.plan.loopMax), n.turn)
}

// turn is one turn of the runtime's loop: hand over what waits, then carry out
// the engine's Ready.
func (n *node) turn() {
	n.loopSet = false
	n.noteRecovery()
	n.propose()
	n.askReads()
	n.tellTime()
	if !n.eng.HasReady() {
		n.w.checks.observe(n)
		return
	}
	rd := n.eng.Ready()
	n.w.checks.ready(n, rd)
	n.carryOut(rd)
	if n.up && n.eng.HasReady() {
		n.wake()
	}
}

// carryOut does what a Ready says. The order among its parts is free but for
// what MessagesAfterAppend wait for; a crash may fall between any two effects.
func (n *node) carryOut(rd raft.Ready) {
	for _, m := range rd.Messages {
		if !n.effect() {
			return
		}
		n.send(m)
	}
	if !n.effect() {
		return
	}
	n.persist(rd)
	if !n.effect() {
		return
	}
	n.enqueueApply(apply{entries: rd.Committed})
	for _, rs := range rd.ReadStates {
		n.confirm(rs)
	}
}

// step gives a message to the engine.
func (n *node) step(m raft.Message, file snapshotFile) {
	if m.Type == raft.MsgSnapshot {
		n.incoming[file.meta.Index] = file
	}
	n.w.checks.invites(n, &m)
	if err := n.eng.Step(m); err != nil {
		n.w.fail("engine", "node %d refuses %s: %v", n.id, describe(&m, len(m.Entries)), err)
	}
	n.wake()
}

// send gives a message to the network; a snapshot's bytes go with it.
func (n *node) send(m raft.Message) {
	n.w.checks.sent(n, &m)
	if m.Type != raft.MsgSnapshot {
		n.w.net.send(n, m, snapshotFile{})
		return
	}
	if m.Snapshot.Index != n.disk.snap.meta.Index {
		n.after(0, func() { n.reportSnapshot(m.To, false) })
		return
	}
	// A restored state has no membership in its own file.
	file := n.disk.snap
	file.meta = *m.Snapshot
	n.w.net.send(n, m, file)
}

func (n *node) reportSnapshot(to uint64, ok bool) {
	n.eng.ReportSnapshot(to, ok)
	n.wake()
}
