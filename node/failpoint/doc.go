// Package failpoint lets a test kill the node's own process at a named point
// between two of its effects: before and after the hard state, an append, a
// message, an entry's application, a snapshot's rename, a compaction, and each
// step of an installation.
//
// It also lets a test, over the admin port, make the log store's writes slow or
// fail with EIO or ENOSPC: where no file system of its own can be had, that is
// what a bad disk is.
//
// Only a build with the tag raftkv_failpoints has it. In every other build the
// functions are empty and the compiler removes the calls.
//
// What it does not do: a killed process leaves what it wrote to the kernel, so
// a missing fsync is not noticed here. boltstore's and snapshot's own tests
// watch the order of syncs.
package failpoint

// File is what Arm looks for in a data folder: a point's name, a space, and at
// which of its passings the process dies, from 1.
const File = "crash-at"

// Fired is the file that says so, with the point's name, when a process died
// at its point.
const Fired = "crashed-at"
