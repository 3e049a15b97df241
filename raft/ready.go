package raft

// Ready is what has to be done now; the package comment says in what order. Its
// slices are shared with the engine and must not be changed.
type Ready struct {
	// HardState is to be stored before everything else. Nil if unchanged since
	// the last Ready.
	HardState *HardState
	// Entries are to be appended. If the first one's index is already stored,
	// the stored log is first truncated from there on, durably.
	Entries []Entry
	// Snapshot, if not nil, is to be installed, and SnapshotDone called.
	Snapshot *SnapshotMeta
	// Messages are to be sent now, in parallel with the disk.
	Messages []Message
	// MessagesAfterAppend are to be sent once this Ready's and all earlier hard
	// states and entries are durable.
	MessagesAfterAppend []Message
	// Committed is to be applied in order. Each entry is handed over once.
	Committed []Entry
	// ReadStates are reads that may be served once their index is applied.
	ReadStates []ReadState

	durable Durable
}

// Durable is the mark that a completed write carries back to AppendDone: the
// hard state and the end of the log when its Ready was taken.
type Durable struct {
	HardState HardState
	Index     uint64
	Term      uint64
}

// Durable is what to pass to AppendDone once this Ready's hard state and
// entries, and those of all Readys before it, are durable.
func (rd Ready) Durable() Durable {
	return rd.durable
}

// HasReady says whether Ready would hand over anything. It may say so once too
// often, never too seldom.
func (n *Node) HasReady() bool {
	return n.appendsDue || n.hs != n.out.hardState || n.log.handed < n.log.last() ||
		n.committable() > n.handed || n.out.snapshot != nil ||
		len(n.out.messages) > 0 || len(n.out.afterAppend) > 0 || len(n.out.readConfirmed) > 0
}

// Ready hands over everything that has come together since the last one. It
// may be called again before that one's completions.
func (n *Node) Ready() Ready {
	if n.appendsDue {
		n.flushAppends()
	}
	rd := Ready{
		Entries:             n.log.slice(n.log.handed+1, n.log.last()),
		Snapshot:            n.out.snapshot,
		Messages:            n.out.messages,
		MessagesAfterAppend: n.out.afterAppend,
		Committed:           n.log.slice(n.handed+1, n.committable()),
		ReadStates:          n.out.readConfirmed,
		durable:             Durable{HardState: n.hs, Index: n.log.last(), Term: n.log.lastTerm()},
	}
	if n.hs != n.out.hardState {
		hs := n.hs
		rd.HardState = &hs
	}
	n.log.handed = n.log.last()
	n.handed = max(n.handed, n.committable())
	n.out = outbox{hardState: n.hs}
	return rd
}

// committable is how far entries may be handed out to be applied: nothing while
// a snapshot is being installed, as that replaces the state machine.
func (n *Node) committable() uint64 {
	if n.installing != nil {
		return n.handed
	}
	return n.commit
}
