package raft

import "errors"

// None is the id that no node has: no vote given, no leader known.
const None uint64 = 0

// EntryType tells the runtime how to read an entry's data.
type EntryType uint8

const (
	// EntryCommand carries the runtime's bytes; the engine never looks inside.
	// An entry without data is the no-op that opens a term.
	EntryCommand EntryType = iota
	// EntryConfChange carries an encoded ConfState that takes effect when appended.
	EntryConfChange
)

// Entry is one slot of the replicated log. Entries and their data are
// immutable once handed to the engine: both sides share the bytes.
type Entry struct {
	Index uint64
	Term  uint64
	Type  EntryType
	Data  []byte
	// Sum is EntrySum of the rest. The leader that appends the entry makes it,
	// once; the engine, disks and wires carry it as they were given it, so that
	// whoever uses the entry can tell whether it was bent anywhere on its way.
	Sum uint32
}

// HardState is what a node must not forget. It is one value, stored under one
// key in one write: a crash between a term and its vote would allow a second
// vote (hashicorp/raft#661).
type HardState struct {
	Term uint64
	Vote uint64
}

// ConfState is a membership. VotersOutgoing is empty outside a joint
// configuration; while it is not, a decision needs a majority of both sets.
// The sets are in ascending order. A node without any is no member yet.
type ConfState struct {
	Voters         []uint64
	VotersOutgoing []uint64
	Learners       []uint64
	// Context is what the caller says of the members, such as their addresses.
	// The engine carries it and never looks inside.
	Context []byte
}

// SnapshotMeta says which prefix of the log a snapshot stands for. The bytes
// of the state machine stay with the runtime.
type SnapshotMeta struct {
	Index uint64
	Term  uint64
	Conf  ConfState
}

// MessageType names a message between two engines.
type MessageType uint8

// The requests and their replies. PreVote is section 9.6 of the dissertation,
// ReadIndex section 6.4, TimeoutNow section 3.10.
const (
	MsgPreVote MessageType = iota + 1
	MsgPreVoteResp
	MsgVote
	MsgVoteResp
	MsgAppend
	MsgAppendResp
	MsgHeartbeat
	MsgHeartbeatResp
	MsgSnapshot
	MsgReadIndex
	MsgReadIndexResp
	MsgTimeoutNow
)

// Message travels from one engine to another. Which fields count depends on
// Type; the comments name them.
type Message struct {
	Type MessageType
	From uint64
	To   uint64
	// Term is the sender's term; in a PreVote the term it would campaign in.
	Term uint64
	// Index and LogTerm are the position that precedes Entries (MsgAppend), the
	// sender's last entry (MsgPreVote, MsgVote), or in a MsgAppendResp the last
	// index that now matches, or when rejected the index that was refused.
	Index   uint64
	LogTerm uint64
	Entries []Entry
	// Commit is the sender's commit index (MsgAppend), or as much of it as the
	// receiver is known to hold (MsgHeartbeat).
	Commit uint64
	Reject bool
	// HintIndex and HintTerm help a leader find the last common entry after a
	// rejected append: the follower's last entry at or before the conflict. In a
	// MsgReadIndexResp HintIndex is the leader's last entry.
	HintIndex uint64
	HintTerm  uint64
	// Round numbers a leader's read confirmations within its term (MsgHeartbeat
	// and its reply). A reply confirms every round up to its own.
	Round uint64
	// ReadID is the asking node's own mark for a batch of reads (MsgReadIndex
	// and its reply). It plays no part in confirming them (etcd#20418).
	ReadID uint64
	// Snapshot is set in a MsgSnapshot; the bytes travel beside it.
	Snapshot *SnapshotMeta
	// Transfer marks a MsgVote asked for by the leader itself, which voters
	// answer although they still hear that leader.
	Transfer bool
	// Promise is for how long from now on the sender votes for nobody
	// (MsgHeartbeatResp), in the unit of Config.TickTime.
	Promise uint64
	// ByLease says that no round confirmed the reads (MsgReadIndexResp).
	ByLease bool
	// Lost marks the replies (MsgAppendResp, MsgHeartbeatResp) of a node that lost
	// entries which it had acknowledged, until it has recovered. In a rejected
	// append it says that what the leader believes of the node no longer holds.
	Lost bool
}

// ReadState answers a ReadIndex: once everything up to Index is applied, the
// reads marked ReadID may be served.
type ReadState struct {
	ReadID uint64
	Index  uint64
	// ByLease: the leader's lease confirmed it, and not a round of heartbeats.
	ByLease bool
}

// Role is what a node is to its cluster.
type Role uint8

// The roles of figure 4, with the dissertation's pre-candidate and learner.
const (
	Follower Role = iota
	PreCandidate
	Candidate
	Leader
	Learner
)

// Errors that say an input was definitely not taken.
var (
	// ErrNotLeader: this node cannot take proposals; ask Status().Leader.
	ErrNotLeader = errors.New("raft: not the leader")
	// ErrNoLeader: a read cannot be forwarded because no leader is known.
	ErrNoLeader = errors.New("raft: no leader known")
	// ErrOverloaded: the uncommitted tail of the log is at its bound.
	ErrOverloaded = errors.New("raft: too many uncommitted bytes")
	// ErrTransferring: leadership is being handed over; no proposals till then.
	ErrTransferring = errors.New("raft: leadership is being transferred")
	// ErrUnknownPeer: the id is no voter of this cluster.
	ErrUnknownPeer = errors.New("raft: no such voter")
	// ErrTermNotCommitted: no entry of this leader's term is committed yet, so it
	// may not know of every change before it. Try again shortly.
	ErrTermNotCommitted = errors.New("raft: this term has committed nothing yet")
	// ErrChangePending: another change of members is not finished. Try again.
	ErrChangePending = errors.New("raft: another change of members is under way")
	// ErrNotCaughtUp: who shall vote must be a learner that is heard and holds
	// nearly all that is committed. Try again.
	ErrNotCaughtUp = errors.New("raft: not a caught up learner")
	// ErrNoQuorum: of those who would vote, no majority is heard with its log all
	// there. Try again once the others answer and have recovered.
	ErrNoQuorum = errors.New("raft: the change would leave no majority of voters that are up and not recovering")
	// ErrNoChange: the membership already is as the change would have it.
	ErrNoChange = errors.New("raft: the change changes nothing")
	// ErrBadChange: the change contradicts itself or leaves nobody to vote.
	ErrBadChange = errors.New("raft: impossible change of members")
	// ErrCompacted: the index lies at or below the snapshot.
	ErrCompacted = errors.New("raft: index already compacted")
)
