// Package snapshot keeps a node's snapshots as files in DATA/snapshots, one a
// snapshot, named INDEX-TERM.snap in hexadecimal so that names sort as they do.
//
// A file is never seen half made: it is written under another name, synced,
// renamed, and the folder synced, in this order. Every file ends in a CRC32C and
// its length, over everything before; what is read, sent to a peer or received
// from one has been verified against them first. A damaged file is reported as
// ErrCorrupt, never passed over for an older one or for none: the log that would
// have to follow the older one is gone.
//
// Layout, numbers big-endian:
//
//	magic "RAFTKVSN" | format uint32 | length of header uint32 | header, JSON |
//	state, one zstd stream |
//	length of all before uint64 | CRC32C of all before uint32
//
// The package does not know what the state means, does not decide when to take a
// snapshot, and moves nothing over the network.
package snapshot
