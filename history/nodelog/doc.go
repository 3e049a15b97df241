// Package nodelog judges what the nodes of a Raft cluster wrote down about
// themselves: terms, votes, roles, log entries, commits, and the digest of the
// state at each index. It finds what clients may never see: two leaders of a
// term, a second vote, a leader that its voters did not elect, a committed entry that
// changed, replicas that differ.
//
// A node appends events to a file of its own, one JSON object a line, across
// restarts; docs/HISTORY.md describes them. Any store may write such files. A
// file ends where the node was killed, perhaps within a line.
//
// Who votes and leads is a member: a node with one data folder. A node whose folder
// was emptied starts as another member in the same file; see docs/HISTORY.md.
//
// The package shares no code with the store. It does not look at the time of an
// event: within a file order is enough, between files there is none.
package nodelog
