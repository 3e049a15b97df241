// Package levers lets a test bend what a node stands on: how fast and how far its
// clock goes, and what becomes of the messages that it sends to its peers.
//
// Only a build with the tag raftkv_faults has them, at /test/clock and
// /test/network of the admin port. In every other build the functions do what
// they seem to and the compiler puts nothing in between.
//
// The clock is the monotonic one, by which a node measures: it can jump ahead, as
// after a suspended machine, and run fast or slow, but never goes back. Every
// time that the loop and the client port take comes from Now, and so do the
// engine's ticks. Not bent: gRPC's own timers, the disk's, and what a log line
// says the time is.
//
// Messages are lost, sent twice, or held back until the next one to the same peer
// has gone. Snapshots, which have a stream of their own, are left alone.
//
// The levers belong to the process, not to a node: a restart resets them.
package levers
