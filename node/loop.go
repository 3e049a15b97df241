package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"raftkv/node/failpoint"
	"raftkv/node/levers"
	"raftkv/node/peer"
	"raftkv/raft"
	"raftkv/raft/membership"
)

const (
	// inboxMessages bounds what peers may queue before the loop drops; the
	// engine's own retransmission covers what is lost.
	inboxMessages = 8192
	// sweepPeriod is how often requests are checked against their deadlines.
	sweepPeriod = 50 * time.Millisecond
)

// sender is the transport as the loop sees it.
type sender interface {
	Send([]raft.Message)
	Connect(peers map[uint64]peer.Peer) error
	Compare(peer.Digest)
	Flush(timeout time.Duration)
}

// loop is the one goroutine that drives the engine. All fields but the inboxes
// belong to it; whoever else wants something done puts it in an inbox.
type loop struct {
	config *Config
	log    *slog.Logger
	raft   *raft.Node
	// self is this node's id for the engine.
	self     uint64
	standing standing

	wake     chan struct{}
	messages *inbox[raft.Message]
	requests *inbox[*request]
	events   *inbox[func(*loop)]

	transport sender
	disk      diskSide
	compact   func(first uint64)
	machine   *machine
	snapshots snapshots
	saver     sync.WaitGroup // whoever works on the snapshots' files
	addresses *addresses
	members   *members
	changes   changes
	// newFolders are members that came back with an empty one.
	newFolders newFolders
	metrics    *metrics
	trace      trail

	proposals proposals
	backlog   backlog
	reads     reads
	agreement agreement
	// resetting is the snapshot whose log is on its way to disk.
	resetting *installation
	// promised: a term is on disk. Others may read it.
	promised atomic.Bool
	// recovering: the folder is marked as not having all that was acknowledged.
	recovering bool
	// handed is the last index given to the machine.
	handed uint64
	// term and role as they were when last looked at.
	term   uint64
	role   raft.Role
	leader uint64

	// clock is the one of leases; see tellTime.
	clock    func() uint64
	now      time.Time
	sweptAt  time.Time
	leaving  bool
	err      error
	draining chan struct{} // closed when leadership has gone elsewhere
}

// diskSide is the disk as the loop sees it.
type diskSide struct {
	jobs *inbox[diskJob]
	// pending counts the jobs put and not yet done that carry entries or state.
	pending int
}

func newLoop(c *Config, log *slog.Logger, r *raft.Node, m *metrics) *loop {
	wake := make(chan struct{}, 1)
	l := &loop{
		config: c, log: log, raft: r, self: r.Status().ID, metrics: m, newFolders: newNewFolders(),
		wake: wake, messages: newInbox[raft.Message](wake), requests: newInbox[*request](wake), events: newInbox[func(*loop)](wake),
		addresses: newAddresses(c), members: newMembers(c, r.Status().ID), reads: newReads(m), handed: r.Applied(),
		proposals: proposals{waiting: map[uint64]*proposal{}}, agreement: newAgreement(),
		clock: leaseClock, term: r.Term(), draining: make(chan struct{}), recovering: r.Recovering(),
	}
	l.promised.Store(r.Term() > 0)
	return l
}

// run turns until ctx ends or something fails for good; it returns that.
func (l *loop) run(ctx context.Context) error {
	t := levers.NewTicker(tick)
	defer t.Stop()
	for l.err == nil {
		ticked := false
		select {
		case <-ctx.Done():
			l.shutdown()
			return nil
		case <-t.C:
			ticked = true
		case <-l.wake:
		}
		l.turn(ticked)
	}
	l.abdicate()
	l.shutdown()
	return l.err
}

// turn takes in all that has arrived, then gives out all that follows from it.
// What peers said comes before the clock: a node that was starved of CPU must
// hear the heartbeats that wait before it decides that its leader is gone.
func (l *loop) turn(ticked bool) {
	l.now = levers.Now()
	for _, f := range l.events.take() {
		f(l)
	}
	l.raft.HoldAppends(l.overloaded())
	for _, m := range l.messages.take() {
		l.step(m)
	}
	if ticked {
		l.tick()
	}
	for _, r := range l.requests.take() {
		l.admit(r)
	}
	l.propose()
	l.ask()
	l.tellTime()
	l.route()
	l.release()
	l.followMembers()
}

func (l *loop) step(m raft.Message) {
	err := l.raft.Step(m)
	if errors.Is(err, raft.ErrLost) {
		l.fail(fmt.Errorf("%w (%w)", ErrOlderFolder, err))
		return
	}
	if err != nil {
		l.log.Warn("ignored a message", "from", membership.Node(m.From), "error", err)
	}
}

func (l *loop) tick() {
	l.raft.Tick()
	l.noteRecovery()
	if l.leaving {
		l.handOver()
	}
	l.proposals.clock.observe(l.machine.clockMS.Load(), l.now)
	if l.raft.Role() == raft.Leader && l.machine.sessions.Load() > 0 && l.proposals.clock.due(l.now, idlePeriod(l.config.SessionTTL)) {
		_ = l.proposeEntry(nil) // refused: the next tick tries again
	}
	if l.now.Sub(l.sweptAt) < sweepPeriod {
		return
	}
	l.sweptAt = l.now
	l.remind()
	l.takeInNewFolders()
	l.serveSnapshots()
	l.proposals.expire(l.now)
	l.changes.expire(l.now)
	l.reads.retry(l.now, l.config.ElectionTimeout)
	l.reads.expire(l.now)
}

// admit sends a request on its way.
func (l *loop) admit(r *request) {
	switch {
	case r.write():
		l.proposals.add(r)
	case r.stale() && !l.raft.Recovering() || readsFromMemory:
		l.machine.read([]*request{r})
	case !l.raft.Member():
		r.answer(l.notLeader()) // it does not get the log (any more)
	case l.answerFresh(r):
	default:
		l.reads.waiting = append(l.reads.waiting, r)
	}
}

// route passes on what the engine decided.
func (l *loop) route() {
	for l.raft.HasReady() {
		rd := l.raft.Ready()
		l.noteRole()
		l.trace.ready(rd)
		failpoint.At(failpoint.SendBefore)
		l.transport.Send(rd.Messages)
		failpoint.At(failpoint.SendAfter)
		if rd.Snapshot != nil {
			l.install(*rd.Snapshot)
		}
		l.persist(rd)
		for _, e := range rd.Committed {
			l.machine.apply(e, l.proposals.claim(e))
			l.snapshots.grow(e)
			l.backlog.add(e)
			l.handed = e.Index
		}
		l.reads.confirm(rd.ReadStates)
	}
	l.noteRole()
}

// persist queues a Ready for the disk; what waits for the disk goes with it,
// also when it brings nothing new to write: earlier writes may be under way.
func (l *loop) persist(rd raft.Ready) {
	j := diskJob{hardState: rd.HardState, entries: rd.Entries, durable: rd.Durable(), after: rd.MessagesAfterAppend}
	if j.empty() && len(j.after) == 0 {
		return
	}
	if j.empty() && l.disk.pending == 0 {
		l.transport.Send(j.after)
		return
	}
	if j.empty() && l.disk.pending >= inboxMessages {
		return // the disk stands still: they are lost, as on a bad link
	}
	l.disk.pending++
	l.disk.jobs.put(j)
}

// written is the disk's report of jobs it finished.
func (l *loop) written(jobs []diskJob, err error) {
	if err != nil {
		l.fail(err)
		return
	}
	l.disk.pending -= len(jobs)
	for _, j := range jobs {
		if j.hardState != nil {
			l.promised.Store(true)
		}
		if j.record != nil {
			l.recordStored(*j.record)
			continue
		}
		if j.reset != nil {
			l.reset(l.resetting)
			continue
		}
		l.raft.AppendDone(j.durable)
		failpoint.At(failpoint.PromiseBefore)
		l.transport.Send(j.after)
		failpoint.At(failpoint.PromiseAfter)
	}
}

// noteRole logs a change of term, role or leader, and lets go of what a lost
// leadership had promised.
func (l *loop) noteRole() {
	term, role, leader := l.raft.Term(), l.raft.Role(), l.raft.Leader()
	if term == l.term && role == l.role && leader == l.leader {
		return
	}
	if l.role == raft.Leader && (role != raft.Leader || term != l.term) {
		l.proposals.abandon("leadership was lost before the write committed")
	}
	if role == raft.Leader && l.role != raft.Leader {
		l.metrics.elections.Inc()
	}
	l.reads.retry(l.now, -1) // what the last leader was asked, it may never answer
	if term != l.term || role != l.role {
		l.trace.Role(term, role)
	}
	l.log.Info("role", "term", term, "role", role.String(), "leader", membership.Node(leader), "commit", l.raft.Commit(), "last", l.raft.LastIndex())
	l.term, l.role, l.leader = term, role, leader
	if l.leaving && role != raft.Leader {
		l.left()
	}
}

// fail stops the loop with the first error.
func (l *loop) fail(err error) {
	if l.err == nil {
		l.err = err
	}
}
