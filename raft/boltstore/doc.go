// Package boltstore keeps a node's log and hard state in one bbolt file,
// DIR/log.db, through hashicorp/raft-boltdb. It is the only package that imports
// hashicorp's code, and takes from it the file's layout and the Log type alone:
// the consensus is package raft.
//
// What raft-boltdb leaves to its caller is done here. It accepts gaps and
// overwrites: the store refuses the one and truncates before the other. It has
// no checksum of data: each entry carries one, as do the hard state and the
// identity of the node that owns the file, and all are verified at Open. Damage
// is reported as ErrCorrupt and never taken for absence. So is a damaged one of
// bbolt's two meta pages, past which bbolt would go back by one commit.
//
// The hard state is kept twice, in DIR/hardstate too: a node may be repaired from
// its peers only while it knows its term and vote for certain. SetAside moves a
// damaged log away and begins an empty one with the same term and vote. What no
// checksum covers is bbolt's own page headers: a flipped bit there shows as a
// gap, a meta page that is not whole, or an entry that cannot be read, all
// damage; only one that hides exactly the last entries of the log would not.
//
// Every write is on disk when its call returns. After the first that fails,
// every later one fails with ErrFailed: what the disk holds is then unknown, and
// asking again would not tell, so the process has to end and recover.
//
// # Order of use
//
// Open takes the folder's lock; nothing else in the folder is to be touched
// before. Recover then compares the log with the newest snapshot, and from there
// on one goroutine at a time may write. At each moment a crash leaves a state
// that Open and Recover accept:
//
//   - Append truncates in a transaction of its own before it adds; in between
//     lies a shorter log, whose lost end was not acknowledged or is in conflict.
//   - A snapshot is installed before Reset clears the log; in between lies a log
//     that ends before the snapshot or disagrees with it, which Recover discards.
//   - CompactChunk drops entries from the front that a durable snapshot covers.
//   - The file is made aside, synced, and only then given its name.
//
// The store does not know the membership, does not take snapshots, and does not
// batch: one call is one commit of about two fdatasyncs.
package boltstore
