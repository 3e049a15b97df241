// Package rafttest runs a whole cluster inside one goroutine, on virtual time,
// from one seed.
//
// The engines and the state machines are the real ones. Everything around them
// is simulated and hostile: a network that delays, drops, duplicates, reorders
// and cuts; disks that queue, stall, and forget at a crash what they had not
// completed; clocks that drift; processes that stop between any two effects;
// clients that time out and try again elsewhere; members that come and go. The same seed gives the same
// run, step for step, and the trace's rolling hash says so.
//
// A run has three parts. First faults come and go while every step is checked
// against Raft's invariants (checker.go). Then a quorum is healed and has to
// elect and commit within a bound. Last, everything is read once more, the
// replicas are compared, and what the clients saw goes before history's judge.
//
// Faults and client operations are numbered, so that a run can be cut down to
// some of them (keep.go); Shrink looks for the smallest that still fails
// (docs/SIMULATOR.md).
//
// What it does not do: it does not know the runtime in package node, its
// goroutines, files or sockets. A disk here is a list of writes, a message a Go
// value. The harness tests the program as shipped.
//
// Bugs can be planted around the engine (plant.go) and, in a build with the tag
// raftkv_bugs, inside it: they are the proof that a green run means something
// (docs/PLANTED.md).
package rafttest
