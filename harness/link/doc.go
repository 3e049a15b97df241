// Package link breaks, bends and heals the network between nodes and clients.
//
// Among N nodes there are N(N-1) directed links and, from the clients to each
// node, N more. Each is a Toxiproxy proxy of its own: node i dials the proxy
// that stands for i->j and only sends on it, so a fault on i->j touches exactly
// the messages from i to j. The package speaks Toxiproxy's HTTP API, so a
// server embedded in this program and one in a container are the same to it.
//
// What a fault means for TCP, as measured:
//
//   - Drop: connections stay open, writes succeed, bytes vanish. The heal closes
//     the connections, because bytes are missing from them.
//   - Hold: connections stay open and bytes wait. The heal delivers them, in
//     order: old messages arrive late. A connection whose receiver takes nothing
//     for a second is closed then.
//   - Reject: connections are closed and new dials refused.
//   - Shape: bytes arrive late, in order, or slowly.
//
// Several faults may want something of one link: each is a layer under a key of
// its own, and the severest holds. Reset closes the live connections, once.
//
// Each operation has a deadline, is read back from the API, and is proved by a
// probe through the very same proxy: a connection that speaks the first frames
// of HTTP/2 and asks for a ping to be answered. A probe can prove nothing when
// the receiving node is dead or paused; the outcome is then Indeterminate.
//
// A proxy whose receiver is paused with full buffers cannot be edited, or loses what
// it held: resume the node first. A call that does not return in time is ErrWedged; Recover
// builds all links anew, healthy.
//
// The package does not lose, reorder or duplicate single packets: a TCP proxy
// cannot. It starts no Toxiproxy; its caller does.
package link
