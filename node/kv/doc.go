// Package kv is the replicated state machine: an ordered map of keys to values
// and the sessions that make a client's retries harmless.
//
// It is pure. The state after a log prefix depends on that prefix and on
// nothing else: no clock, no randomness, no file, no flag of the node it runs
// on. Time itself arrives as a command. Two stores that applied the same
// entries are equal, and Hash says so.
//
// A Store belongs to one goroutine at a time. A Snapshot of it costs O(1) and
// may be written out by another goroutine while the store goes on.
//
// It does not replicate, persist, or bound the size of keys and values: what
// reaches Apply is committed and must be applied by every node alike, so every
// limit that a node's flags set is kept before a command is proposed.
//
// # Sessions
//
// A session remembers the answer of each of its sequence numbers until the
// client says, by first_open, that it has received it. Several sequences may be
// open at once, SessionWindow at most, and their answers, which may hold values,
// are bounded in bytes: in a session by refusing, over all sessions by forgetting
// the one idle the longest (Limits). A command with a sequence that is
// remembered gets the same answer again and changes nothing. A command below
// first_open, or of a session that is unknown, changes nothing either: its
// answer is gone, and applying it could be the second time. (Ongaro's
// dissertation, section 6.3, with a window in place of one request at a time.)
package kv
