package raft

// A lease lets a leader confirm reads without asking anybody: for a while after
// it sent a heartbeat that a quorum answered, nobody else can have been elected.
// It is the one thing here that rests on clocks, so it is off unless
// Config.LeaseReads asks for it. Every node's clock is its own; all that is
// believed of them is Config.MaxClockDrift.
//
// The promise. A voter that answers a heartbeat also says for how long (Promise)
// it will from now on vote for nobody, not even for itself. It counts that in
// ticks, whatever becomes of its term, its role and its leader (silent). A node
// that starts has forgotten what it promised, so it first keeps silent for as
// long as an earlier life may have promised (Config.SilentTicks).
//
// The lease. A leader notes what its clock shows before it sends a round of
// heartbeats. It holds the lease at a later reading x if less than length =
// Promise / (1 + MaxClockDrift) has passed on its clock since it sent a round
// which a quorum of the membership in force, of both sets while that is joint,
// has answered with a promise of at least its own; and if an entry of its term is
// committed, it hands over to nobody, and it has told nobody to campaign in this
// term.
//
// Then no leader of a later term was elected before x. Suppose one was, and take
// the first.
//
//   - Its membership overlaps this leader's in every quorum. It holds all that
//     was committed in this term (Leader Completeness), and what follows in its
//     log is this leader's too, as nobody led a later term before. So its
//     membership is the one in force here, or the one before, from which this one
//     was reached by a single step.
//   - So somebody voted for it who had answered the round. Not before the
//     answer: it would not have answered in an earlier term. If this leader voted
//     for it, it does not lead any more. Anybody else voted within its promise,
//     as that began after the round was sent, and ends, by the drift, after x.
//   - Such a vote is given only to who was told to campaign, by the leader of the
//     term before. That is no later leader, as this was the first; so it was this
//     one, before x, and its lease is revoked. It stays so for the whole term: a
//     MsgTimeoutNow may be on its way for any time.
//
// So what this leader has committed covers all that was acknowledged before x;
// a read that was there at x may see the state at that index, whenever that is
// applied and however long the process stands still in between. That is why a
// reading has to be taken after the reads that it is for came in.
type lease struct {
	now     uint64 // what the caller's clock showed last
	silent  int    // ticks for which this node votes for nobody
	promise uint64 // what this node promises in an answer; 0: nothing
	length  uint64 // of a lease; 0: it takes none
	tenure
}

// tenure is the part that belongs to a leader's one term.
type tenure struct {
	sent    []sentRound // the rounds that may still count, oldest first
	revoked bool        // somebody was told to campaign, or the clock is broken
}

// sentRound is when a round's heartbeats were sent, or a little earlier.
type sentRound struct{ round, at uint64 }

// bunchedTicks is how many of a node's ticks may come without the time between
// them, after it stood still: one that was waiting for it, one that was late,
// and the rest of a tick that was under way when it began to count.
const bunchedTicks = 3

// newLease is that of a node that starts.
func newLease(c *Config) lease {
	l := lease{silent: c.SilentTicks}
	if planted(BugPromiseForgotten) {
		l.silent = 0
	}
	if !c.LeaseReads {
		return l
	}
	l.promise = promiseLength(c.ElectionTicks, c.TickTime)
	l.length = LeaseLength(c.ElectionTicks, c.TickTime, c.MaxClockDrift)
	if !planted(BugPromiseForgotten) {
		l.silent = max(l.silent, c.ElectionTicks)
	}
	return l
}

// promiseLength is how long ElectionTicks last at the least.
func promiseLength(electionTicks int, tick uint64) uint64 {
	return uint64(max(electionTicks-bunchedTicks, 0)) * tick
}

// LeaseLength is how long a lease lasts on the leader's clock, under the settings
// of Config by these names. While that passes, no clock shows more than the promise.
func LeaseLength(electionTicks int, tickTime uint64, maxClockDrift float64) uint64 {
	return uint64(float64(promiseLength(electionTicks, tickTime)) / (1 + maxClockDrift))
}

// SilentTicks is the Config.SilentTicks of a node that may have promised silence
// for as long as promise, with ticks of length tick.
func SilentTicks(promise, tick uint64) int {
	return int((promise+tick-1)/tick) + bunchedTicks
}

// Clock says what the caller's clock shows. With Config.LeaseReads it is called
// after each batch of inputs, before Ready, with a reading that was taken after
// all of those inputs had arrived; without, it is not needed. The clock never
// goes back, and goes on while the process, or the machine, stands still. Its
// unit is TickTime's.
func (n *Node) Clock(now uint64) {
	l := &n.lease
	if now < l.now {
		l.revoked = true // such a clock measures nothing; the next term begins anew
	}
	l.now = now
	if n.role != Leader || len(n.reads.waiting) == 0 {
		return
	}
	if n.holdsLease() {
		n.answerByLease()
	}
	n.startRound()
}

// answerByLease answers all reads that wait for a round.
func (n *Node) answerByLease() {
	waiting := n.reads.waiting
	n.reads.waiting = nil
	for _, r := range waiting {
		n.answerRead(r, n.commit, true)
	}
}

// holdsLease says that nobody else had been elected when the clock was read.
func (n *Node) holdsLease() bool {
	l := &n.lease
	gone := (l.revoked || n.transferee != None) && !planted(BugLeaseKeptInTransfer)
	if gone || l.length == 0 || !n.log.matches(n.commit, n.hs.Term) {
		return false
	}
	at, ok := l.sentAt(n.voters.Committed(n.promisedRound))
	return ok && l.now-at < l.length
}

// promisedRound is the last round that a voter answered with a promise; a leader
// keeps its own by leading.
func (n *Node) promisedRound(id uint64) uint64 {
	if id == n.id {
		return n.reads.round
	}
	return n.progress[id].PromisedRound
}

// beginRound numbers the next round of heartbeats and notes when it is sent.
func (n *Node) beginRound() {
	n.reads.round++
	l := &n.lease
	if l.length == 0 {
		return
	}
	for len(l.sent) > 0 && l.now-l.sent[0].at >= l.length {
		l.sent = l.sent[1:]
	}
	l.sent = append(l.sent, sentRound{n.reads.round, l.now})
}

// sentAt is when a round was sent; false if that is too long ago to matter.
func (l *lease) sentAt(round uint64) (uint64, bool) {
	for i := len(l.sent) - 1; i >= 0; i-- {
		if l.sent[i].round <= round {
			return l.sent[i].at, true
		}
	}
	return 0, false
}

// takePromise notes what an answer to a heartbeat promised. One that is shorter
// than this node's own is of a node with other settings, and none at all.
func (n *Node) takePromise(m Message, promised *uint64) {
	l := &n.lease
	if l.length == 0 || m.Promise < l.promise || m.Round <= *promised {
		return
	}
	*promised = m.Round
	if planted(BugLeaseFromAnswer) {
		for i := range l.sent {
			if l.sent[i].round == m.Round {
				l.sent[i].at = l.now
			}
		}
	}
}

// makePromise begins the silence that the answer to a heartbeat promises.
func (n *Node) makePromise() uint64 {
	if n.lease.promise > 0 {
		n.lease.silent = max(n.lease.silent, n.cfg.ElectionTicks)
	}
	return n.lease.promise
}

// sendTimeoutNow tells a voter to campaign. Its voters break their promise for
// it, so the lease is gone first, and for good: the message may arrive at any
// time while this term lasts.
func (n *Node) sendTimeoutNow(to uint64) {
	n.lease.revoked = true
	n.sendNow(Message{Type: MsgTimeoutNow, To: to})
}
