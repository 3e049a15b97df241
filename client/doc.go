// Package client talks to a RaftKV cluster.
//
// A Client finds the leader and follows it, carries the calls of any number of
// goroutines over one stream per node, and sends again what it is safe to send
// again. Every call ends in one of three ways: it returns a result; it returns
// an error that is ErrNotDone, and nothing was changed nor will be; or it
// returns an error that is ErrUnknown, and the write may have been applied,
// may still be, or may never be. When in doubt it is ErrUnknown. A read
// changes nothing, so a read that fails is always ErrNotDone.
//
// Writes are made safe to repeat by a session, which the first write opens:
// each write has a sequence number there, and a repetition of it gets the
// remembered answer instead of a second application. So a stream that breaks
// halfway is no reason to give up; the write goes out again, to whoever leads
// now, until the context ends.
//
// # Parts
//
//   - Client (client.go, ops.go, reads.go, writes.go) is what callers see.
//   - attempts (attempts.go) is one call's memory of its tries: what may have
//     been done, and whether to go on.
//   - router (router.go, search.go) knows the way to each node and which leads;
//     its book (book.go) the addresses that members advertise; why.go tells why
//     no leader was found.
//   - link (link.go) is one node's connection; stream (stream.go, sender.go)
//     one life of the gRPC stream on it.
//   - session (session.go, sessions.go) hands out sequence numbers.
//
// # Goroutines
//
// Two per open stream (sender, receiver), and while the leader is not known
// one that searches and one per node asked. A call has none of its own.
//
// # What it does not do
//
// It has no transactions over several keys, keeps no cache, does not watch
// keys, and does not encrypt or authenticate: it belongs on a trusted network.
package client
