// Package raft is a consensus engine: the part of Raft that decides, and
// nothing else. It holds no goroutine, reads no clock, does no I/O and draws no
// random number of its own. The same inputs in the same order give the same
// outputs. A Node is not safe for concurrent use: one goroutine owns it.
//
// The algorithm is that of Ongaro and Ousterhout's paper (figure 2), with
// pre-vote (Ongaro's dissertation, 9.6), check-quorum (6.2), leadership
// transfer (3.10), changes of membership through a joint one (4.3), numbered
// read confirmations (6.4), leases for reads if asked for (6.4.1; lease.go) and a
// leader that writes its disk in parallel with its followers (10.2.1).
//
// # What the caller does
//
// Feed inputs: Tick at a steady rate, Step for each message of a peer, Propose
// and ReadIndex for clients; with leases Clock, behind all others. After each
// batch of inputs, while HasReady, take a Ready and carry it out:
//
//  1. Send Ready.Messages. They state nothing that is not durable, so they go
//     in parallel with the disk and need not wait for earlier Readys.
//  2. Write Ready.HardState, then truncate the stored log from
//     Ready.Entries[0].Index on if it reaches that far, then append
//     Ready.Entries; in that order or atomically, and synced. Readys are
//     written in the order in which they were taken; several may be merged
//     into one write.
//  3. When that and everything before it is durable, send
//     Ready.MessagesAfterAppend and call AppendDone with Ready.Durable(), in
//     order. A Ready that had neither hard state nor entries has nothing to
//     write, but its MessagesAfterAppend still wait for the writes before it.
//  4. Apply Ready.Committed in order and call ApplyDone. It need not wait for
//     this node's own disk: a quorum of others may hold an entry first.
//  5. Ready.Snapshot, when set, replaces the stored log and the state machine.
//     It follows all earlier writes and applies. The received snapshot is made
//     durable, the state machine restored from it, the stored log reset to it;
//     then SnapshotDone. Until then the engine hands out no entries, neither to
//     store nor to apply.
//  6. Answer Ready.ReadStates once ApplyDone has reached their index.
//
// Memberships are log entries, in force when appended. After each input the
// caller may find another ConfVersion, and connects to the members of
// Status().Conf; a snapshot at an index carries ConfAt of that index. A node
// that is to be added starts without a membership and never campaigns. A leader
// also sends to members that were removed until they know.
//
// Another Ready may be taken before the completions of the last: that is how a
// batch forms while the disk is busy. A failed write is not reported, and not
// retried: the process ends.
//
// Each MsgSnapshot that is handed out must be answered by one ReportSnapshot
// once its bytes are delivered, or given up. A message that is dropped
// otherwise needs nothing; ReportUnreachable spares the pipeline.
//
// A caller that cannot apply as fast as entries come may HoldAppends.
//
// The engine keeps in memory every entry behind its first kept index. The
// caller bounds that: it takes a snapshot of applied state, and calls Compact.
//
// # What it does not do
//
// It never reads the data of an entry, keeps no client's requests, knows no
// addresses, and does not retransmit a ReadIndex: answers may be lost and the
// caller asks again under a new id.
//
// A state that must not be is a panic that names the invariant. It is a bug, or
// a disk that lost what it had acknowledged; going on could lose data.
package raft
