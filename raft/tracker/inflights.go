package tracker

import "slices"

// inflight is one append on its way: the last index in it and its size.
type inflight struct {
	index uint64
	bytes int
}

// Inflights is the window of appends that were sent and not yet answered,
// oldest first, bounded by number and by bytes. It is a ring that grows as it
// is used, up to its bound.
type Inflights struct {
	maxMsgs  int
	maxBytes int
	start    int // position of the oldest
	count    int
	bytes    int
	ring     []inflight
}

// NewInflights returns an empty window of at most maxMsgs messages, which takes
// messages while it holds fewer than maxBytes bytes.
func NewInflights(maxMsgs, maxBytes int) Inflights {
	return Inflights{maxMsgs: maxMsgs, maxBytes: maxBytes}
}

// Clone returns a window that shares nothing with in.
func (in *Inflights) Clone() Inflights {
	c := *in
	c.ring = slices.Clone(in.ring)
	return c
}

// Full says that nothing more may be sent until something is answered.
func (in *Inflights) Full() bool {
	return in.count >= in.maxMsgs || in.bytes >= in.maxBytes
}

// Count is the number of messages in the window.
func (in *Inflights) Count() int {
	return in.count
}

// Bytes is the sum of their sizes.
func (in *Inflights) Bytes() int {
	return in.bytes
}

// Add notes a message whose last entry is index. Indexes never go down; the
// caller asked Full first.
func (in *Inflights) Add(index uint64, bytes int) {
	if in.count == len(in.ring) {
		in.grow()
	}
	in.ring[(in.start+in.count)%len(in.ring)] = inflight{index: index, bytes: bytes}
	in.count++
	in.bytes += bytes
}

// FreeTo forgets the messages that end at or before index: they are answered.
func (in *Inflights) FreeTo(index uint64) {
	for in.count > 0 && in.ring[in.start].index <= index {
		in.bytes -= in.ring[in.start].bytes
		in.start = (in.start + 1) % len(in.ring)
		in.count--
	}
}

// Reset forgets all messages.
func (in *Inflights) Reset() {
	in.start, in.count, in.bytes = 0, 0, 0
}

// grow doubles the ring and straightens it, so that the oldest is at 0.
func (in *Inflights) grow() {
	size := min(max(2*len(in.ring), 4), max(in.maxMsgs, in.count+1))
	ring := make([]inflight, size)
	for i := range in.count {
		ring[i] = in.ring[(in.start+i)%len(in.ring)]
	}
	in.ring, in.start = ring, 0
}
