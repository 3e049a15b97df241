package node

import "raftkv/raft"

// entryWeight is what an entry counts beside its data, so that a bound in bytes
// is a bound on entries too.
const entryWeight = 128

// backlog is what was handed to the machine and is not applied yet. Over its
// bound the leader takes no more writes: what it takes, every node has to apply.
// Owned by the loop.
type backlog struct {
	sizes []int  // of the entries up to end, oldest first
	end   uint64 // index of the last of them
	bytes int
}

// add counts a handed entry.
func (b *backlog) add(e raft.Entry) {
	b.sizes = append(b.sizes, len(e.Data)+entryWeight)
	b.bytes += len(e.Data) + entryWeight
	b.end = e.Index
}

// applied drops what is in the state machine by now.
func (b *backlog) applied(index uint64) {
	for len(b.sizes) > 0 && b.end-uint64(len(b.sizes))+1 <= index {
		b.bytes -= b.sizes[0]
		b.sizes = b.sizes[1:]
	}
}
