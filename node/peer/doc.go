// Package peer is the wire between nodes: one-way gRPC streams that carry
// engine messages, and a stream of chunks for a snapshot.
//
// A node dials every peer and only sends on what it dialled. Messages come
// back over the peer's own dial, so a cut of the link i→j loses exactly what i
// sends to j. Peers are known by id; a stream that reaches the wrong node or
// another cluster is refused.
//
// The package delivers at most once and in no promised order across
// reconnections; a full queue drops. It never waits for a slow peer on behalf
// of the caller, and it does not retry: the engine does. It does not encrypt
// or authenticate: the peer port belongs on a private network.
package peer
