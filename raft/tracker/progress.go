package tracker

// State is how a leader sends to a follower.
type State uint8

const (
	// Probe: the follower's last common entry is not known. One append at a
	// time, and none until it is answered or a heartbeat is.
	Probe State = iota
	// Replicate: the follower keeps up. Appends are pipelined.
	Replicate
	// Snapshot: the follower needs entries that are compacted. Nothing is sent
	// until the fate of the snapshot is known.
	Snapshot
)

// String names the state for status pages and transcripts.
func (s State) String() string {
	switch s {
	case Replicate:
		return "replicate"
	case Snapshot:
		return "snapshot"
	default:
		return "probe"
	}
}

// Progress is a leader's view of one follower in one term.
type Progress struct {
	// Match is the last index that the follower durably holds in common with
	// the leader. It never goes down within a term, unless the follower says that
	// it lost what it had (Forget), and Match < Next.
	Match uint64
	// Next is the first index that is not yet sent. In Probe and Snapshot it is
	// a guess that a rejection may lower, though never to Match or below.
	Next uint64
	// State decides which of the fields below count.
	State State
	// PendingSnapshot is the index of the snapshot on its way; 0 outside the
	// state Snapshot.
	PendingSnapshot uint64
	// SentCommit is the highest commit index that an append told the follower.
	// At most Next-1.
	SentCommit uint64
	// AckedRound is the last round of read confirmations that it answered.
	AckedRound uint64
	// PromisedRound is the last that it answered with a promise (raft/lease.go).
	// At most AckedRound.
	PromisedRound uint64
	// Silent counts the ticks since the follower was last heard.
	Silent int
	// Whole: its last reply said that its log is all there. Not so before the
	// first reply, nor while it recovers from damage.
	Whole bool
	// ProbeSent pauses a probing follower. Only counts in Probe.
	ProbeSent bool
	// Nudge asks for an append even if it is empty: the answer shows whether
	// earlier ones were lost.
	Nudge bool
	// MayNudge limits nudges to one per heartbeat interval.
	MayNudge bool
	// Inflight holds the unanswered appends. Empty outside Replicate.
	Inflight Inflights
}

// New returns the progress of a follower about which only a guess is known.
func New(next uint64, window Inflights) *Progress {
	return &Progress{Next: next, Inflight: window}
}

// Heard notes that a reply of this term came from the follower, and whether it
// said that its log is all there.
func (p *Progress) Heard(whole bool) {
	p.Silent = 0
	p.Whole = whole
}

// BecomeProbe leaves pipelining and starts again behind what is known to match.
// After a snapshot was delivered it starts behind that instead.
func (p *Progress) BecomeProbe() {
	next := p.Match + 1
	if p.State == Snapshot {
		next = max(next, p.PendingSnapshot+1)
	}
	p.enter(Probe, next)
}

// BecomeReplicate starts pipelining behind what is known to match.
func (p *Progress) BecomeReplicate() {
	p.enter(Replicate, p.Match+1)
}

// BecomeSnapshot stops appends while the snapshot at index is on its way.
func (p *Progress) BecomeSnapshot(index uint64) {
	p.enter(Snapshot, p.Match+1)
	p.PendingSnapshot = index
}

// SnapshotFailed forgets the pending snapshot and probes from what matches.
func (p *Progress) SnapshotFailed() {
	p.PendingSnapshot = 0
	p.BecomeProbe()
}

// enter resets everything that belongs to the state being left.
func (p *Progress) enter(s State, next uint64) {
	p.State, p.Next = s, next
	p.PendingSnapshot = 0
	p.SentCommit = min(p.SentCommit, p.Match)
	p.ProbeSent, p.Nudge = false, false
	p.Inflight.Reset()
}

// Needs is the first entry that the follower will want next, by what is known.
func (p *Progress) Needs() uint64 {
	switch p.State {
	case Probe:
		return p.Next
	case Snapshot:
		return p.PendingSnapshot + 1
	default:
		return p.Match + 1
	}
}

// Paused says that no entries may be sent now.
func (p *Progress) Paused() bool {
	switch p.State {
	case Probe:
		return p.ProbeSent
	case Replicate:
		return p.Inflight.Full()
	default:
		return true
	}
}

// WantsEmpty says that an append should go even though there is no entry to
// send (or no room for one): to find the match, to look for losses, or to tell
// the follower of a commit.
func (p *Progress) WantsEmpty(commit uint64) bool {
	switch p.State {
	case Probe:
		return !p.ProbeSent
	case Replicate:
		return p.Nudge || min(commit, p.Next-1) > p.SentCommit
	default:
		return false
	}
}

// Sent notes an append that ends at last, with bytes of entries (0 if it had
// none) and the leader's commit index.
func (p *Progress) Sent(last uint64, bytes int, commit uint64) {
	p.Nudge = false
	p.SentCommit = max(p.SentCommit, min(commit, last))
	if p.State == Probe {
		p.ProbeSent = true
		return
	}
	if last >= p.Next {
		p.Next = last + 1
		p.Inflight.Add(last, bytes)
	}
}

// Acked notes that the follower durably holds everything up to index. It says
// whether that was news.
func (p *Progress) Acked(index uint64) bool {
	if index <= p.Match {
		return false
	}
	p.Match = index
	p.Next = max(p.Next, index+1)
	p.Inflight.FreeTo(index)
	return true
}

// Forget starts over with a follower that lost part of its log and so refused
// an append behind index. What the leader committed with its help stays so.
func (p *Progress) Forget(index uint64) {
	p.Match = 0
	p.enter(Probe, index+1)
}

// Rejected notes that the follower refused an append behind index and that hint
// may be common to both logs. It says whether that was news: replies can be
// late or come twice, and those change nothing.
func (p *Progress) Rejected(index, hint uint64) bool {
	switch p.State {
	case Replicate:
		if index <= p.Match {
			return false
		}
		p.BecomeProbe()
		p.Next = max(min(index, hint+1), p.Match+1)
		return true
	case Probe:
		if index != p.Next-1 || index <= p.Match {
			return false
		}
		p.Next = max(min(index, hint+1), p.Match+1)
		p.ProbeSent = false
		return true
	default:
		if index != p.PendingSnapshot {
			return false
		}
		p.SnapshotFailed()
		return true
	}
}
