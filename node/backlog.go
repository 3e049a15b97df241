package node

import "raftkv/raft"

// entryWeight is what an entry counts beside its data, so that a bound in bytes
// is a bound on entries too.
const entryWeight = 128

// overloaded says that no more log should come until some of it is applied.
func (l *loop) overloaded() bool { return l.backlog.bytes >= l.config.MaxUnappliedBytes }

// backlog is what was handed to the machine and is not applied yet. Over its
// bound a leader takes no more writes, and a follower no more appends: the leader
// goes on with the others, and without a majority of them writes have to wait.
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
