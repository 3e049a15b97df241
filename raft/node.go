package raft

import (
	"fmt"

	"raftkv/raft/quorum"
	"raftkv/raft/tracker"
)

// Node is one member's consensus state. Every method must be called from the
// one goroutine that owns it.
type Node struct {
	cfg Config
	id  uint64

	// Persistent state (figure 2).

	hs  HardState // Term never goes down; Vote changes from None only, within a term
	log *memLog   // contiguous; terms never fall

	// The snapshot that the caller holds, and the membership in force.

	snapshot    SnapshotMeta // Index <= applied
	confs       confLog      // all memberships from the snapshot on; the last is in force
	conf        ConfState
	confVersion uint64 // counts the changes of conf
	voters      quorum.Joint
	peers       []uint64 // all members but this node, and a leader's departing ones; sorted: every loop follows it

	// Volatile state (figure 2).

	role    Role
	leader  uint64 // at most one per term
	commit  uint64 // never goes down; commit <= last index
	handed  uint64 // last index given out to be applied; applied <= handed <= commit
	applied uint64 // last index that the caller applied; never goes down

	// What the disk is known to hold; log.stable belongs here too.

	durable    HardState // durable.Term <= hs.Term
	stallTicks int       // ticks since the disk last caught up or moved on

	// Timers, in ticks.

	electionElapsed  int
	electionTimeout  int // redrawn at each election
	heartbeatElapsed int

	// A candidate's state.

	votes    tracker.Votes // of this term and this election
	transfer bool          // the leader asked for this election

	// A leader's state (figure 2, with pipelines).

	progress    map[uint64]*tracker.Progress // one per peer, none for itself
	uncommitted int                          // bytes between commit and last
	appendsDue  bool                         // something may have to be sent at the next Ready
	reads       readQueue
	transferee  uint64            // who is to take over
	transferAge int               // ticks since it was asked
	departing   map[uint64]uint64 // by removed member, the entry that it must hold to know

	// What a node that lost part of its log has still to learn; zero otherwise.

	recovery recovery

	// What this node promised, and what it was promised as a leader.

	lease lease

	// The snapshot being installed, nil if none.

	installing *SnapshotMeta

	// holding: appends are dropped for now.
	holding bool

	// Collected for the next Ready.

	out outbox
}

// outbox is what the next Ready carries besides log and commits.
type outbox struct {
	hardState     HardState // the last that went out
	snapshot      *SnapshotMeta
	messages      []Message
	afterAppend   []Message
	readConfirmed []ReadState
}

// New starts a node from what its disk held. It starts as a follower (or a
// learner) that knows no leader. The error wraps ErrConfig.
func New(cfg Config) (*Node, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	n := &Node{
		cfg:      cfg,
		id:       cfg.ID,
		hs:       cfg.HardState,
		durable:  cfg.HardState,
		log:      newMemLog(cfg.Snapshot.Index, cfg.Snapshot.Term, cfg.Entries),
		snapshot: cfg.Snapshot.clone(),
		// Only committed entries are ever applied or in a snapshot.
		commit:  cfg.Applied,
		handed:  cfg.Applied,
		applied: cfg.Applied,

		recovery: recovery{id: cfg.Recovery},
		lease:    newLease(&cfg),
	}
	n.cfg.Entries = nil
	n.out.hardState = cfg.HardState
	n.confs = newConfLog(n.snapshot.Index, n.snapshot.Conf, cfg.Entries)
	n.adoptConf()
	n.becomeFollower(n.hs.Term, None)
	n.resetElectionTimer()
	return n, nil
}

// Propose appends data as an entry to the leader's log. The entry may still be
// lost; it is committed when an entry with this index and this term comes out
// in Ready.Committed. ErrNotLeader, ErrTransferring and ErrOverloaded mean that
// it was definitely not taken. The data must not be changed afterwards.
func (n *Node) Propose(data []byte) (index, term uint64, err error) {
	if n.role != Leader {
		return 0, 0, ErrNotLeader
	}
	if n.transferee != None {
		return 0, 0, ErrTransferring
	}
	size := len(data) + entryOverhead
	if n.uncommitted > 0 && n.uncommitted+size > n.cfg.MaxUncommittedBytes {
		return 0, 0, ErrOverloaded
	}
	n.appendOwn(EntryCommand, data)
	return n.log.last(), n.hs.Term, nil
}

// AppendDone says that a Ready's hard state and entries, and all those before
// it, are durable. Pass Ready.Durable() back, in order; skipping some is fine.
func (n *Node) AppendDone(d Durable) {
	n.hardStateDone(d.HardState)
	n.entriesDone(d)
	if n.diskIdle() {
		n.stallTicks = 0
	}
}

// hardStateDone notes a durable term and vote. A candidate's vote for itself
// counts from here on: had it counted earlier, a crash could make this node
// vote again in the same term.
func (n *Node) hardStateDone(hs HardState) {
	older := hs.Term < n.durable.Term || hs.Term == n.durable.Term && hs.Vote == None
	if !older && hs != n.durable {
		n.durable = hs
		n.stallTicks = 0
	}
	if n.role == Candidate && hs == n.hs {
		n.recordVote(n.id, true)
	}
}

// entriesDone moves the durable mark of the log. The watermark counts only if
// it was taken in this term and its entry is still in the log. Within a term
// there is one leader and its log only grows, so an entry that was replaced
// does not come back; across terms it may, rewritten but not yet durable, and
// an old watermark would vouch for it (the ABA case of asynchronous appends).
func (n *Node) entriesDone(d Durable) {
	if d.HardState.Term != n.hs.Term || d.Index <= n.log.stable || !n.log.matches(d.Index, d.Term) {
		return
	}
	if d.Index > n.log.handed {
		panic(fmt.Sprintf("raft: invariant broken: entry %d reported durable, but only %d were handed out", d.Index, n.log.handed))
	}
	n.log.stable = d.Index
	n.stallTicks = 0
	n.maybeRecovered()
	if n.role == Leader {
		n.maybeCommit()
	}
}

// diskIdle says that nothing waits for the disk.
func (n *Node) diskIdle() bool {
	return n.durable == n.hs && n.log.stable == n.log.last()
}

// ApplyDone says that the state machine has applied everything up to index.
func (n *Node) ApplyDone(index uint64) {
	if index > n.handed {
		panic(fmt.Sprintf("raft: invariant broken: %d reported applied, but only %d were handed out (applied <= commit)", index, n.handed))
	}
	n.applied = max(n.applied, index)
}
