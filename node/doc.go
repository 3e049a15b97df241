// Package node is the runtime around the engine: it gives raft a clock, a
// disk, a network, a state machine and clients.
//
// # Goroutines
//
// One goroutine, the loop, owns the engine and everything that is decided
// (loop.go). It never waits for a disk, a peer, or the state machine; each of
// these has a goroutine of its own, and they meet in the loop's inbox:
//
//	loop      drives raft.Node; packs proposals; routes Ready
//	disk      writes hard state and entries, one group commit at a time; compacts
//	machine   owns the kv.Store: applies, answers reads, restores
//	scrub     reads the log and the newest snapshot back once in a while
//	saver     writes one snapshot file at a time, from a copy-on-write view;
//	          restores one that was received; deletes old ones
//	peer.*    a sender for each peer; gRPC's own for what comes in
//	api       gRPC's goroutines; they hand requests to the loop and wait, and
//	          send a backup from a copy-on-write view, one at a time
//	admin     net/http's; they ask the loop
//	health    asks the loop whether the node is ready, and tells gRPC's health service
//
// Every --check-entries entries each node tells the others the digest of its
// state (agreement.go). One that differs from a majority ends and marks its
// folder, so that it does not serve that state again.
//
// With leases (lease.go) the loop reads a clock at the end of what it took in.
//
// Damage, found on open or by the scrub, is repaired from the peers (repair.go):
// the files are set aside and the node does not vote until it is sure.
//
// With --events every goroutine that does something notes it in one file
// (trace.go, package events), for a judge outside to read.
//
// A batch is whatever arrived while the last write was on its way to disk:
// group commit without a timer.
//
// # What it does not do
//
// It decides nothing about consensus (package raft) or about data (package
// kv), and holds no client-side logic (package client). It knows where members
// are (members.go): ids are the engine's, addresses travel beside them.
package node
