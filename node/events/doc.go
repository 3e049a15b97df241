// Package events writes down what a node does, for a judge to read later: terms,
// votes, roles, log entries, commits, and the digest of the state after each
// entry. docs/HISTORY.md describes the lines.
//
// A Stream that is nil writes nothing, so that a node without --events pays for
// a comparison with nil and no more. One that is not writes each event with one
// write call and does not sync: a killed process leaves all but the last line, a
// lost machine what the system had written back. A write that fails is the last:
// give the file a disk of its own if the node's may be full.
//
// It judges nothing, and a node never reads it. Events that come before what
// they announce (append, truncate, install, vote) and after what they state
// (hard, durable, apply) keep that order in the file; nothing else rests on it.
package events
