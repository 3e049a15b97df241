package client

import "time"

// KeyValue is one pair of a listing.
type KeyValue struct {
	Key   string
	Value []byte
}

// Page is one page of a listing, in the order of keys. More says that there
// are further pairs: list again after the last key.
type Page struct {
	Pairs []KeyValue
	More  bool
}

// Expect is what CompareAndSwap requires of a key: that it does not exist, or
// else that it holds Value.
type Expect struct {
	Absent bool
	Value  []byte
}

// CASResult tells whether the swap was made, and what the key held before it,
// won or lost.
type CASResult struct {
	Swapped bool
	Found   bool
	Actual  []byte
}

// ReadOption changes how one read is made.
type ReadOption func(*readOptions)

type readOptions struct {
	stale  bool
	within time.Duration
	at     string
}

func newReadOptions(opts []ReadOption) readOptions {
	var o readOptions
	for _, f := range opts {
		f(&o)
	}
	return o
}

// Stale lets the node that is asked answer from its own state at once, with
// no word from a quorum. The answer may lie in the past.
func Stale() ReadOption { return func(o *readOptions) { o.stale = true } }

// StaleWithin lets the answer lie in the past, but by no more than d: it holds
// every write that was acknowledged d before the call began. A node that has
// confirmed as much lately answers at once; one that cannot confirm it refuses,
// and the call fails with ErrTooStale when no node can. The age is taken on the
// node's monotonic clock. Below a millisecond the read is linearizable.
func StaleWithin(d time.Duration) ReadOption { return func(o *readOptions) { o.within = d } }

// maxStaleness is the bound on the wire, rounded down. An older node that does
// not know the field answers linearizably, which is within every bound.
func (o readOptions) maxStaleness() uint64 { return uint64(max(o.within.Milliseconds(), 0)) }

// At asks the node at this address, one of Config.Nodes, and no other.
func At(address string) ReadOption { return func(o *readOptions) { o.at = address } }
