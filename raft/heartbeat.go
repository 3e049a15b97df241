package raft

import (
	"fmt"

	"raftkv/raft/tracker"
)

// broadcastHeartbeat tells all members that the leader lives, with the current
// round of read confirmations.
func (n *Node) broadcastHeartbeat() {
	for _, id := range n.peers {
		n.sendNow(Message{Type: MsgHeartbeat, To: id, Round: n.reads.round,
			// No more than it is known to hold: it cannot check the rest.
			Commit: min(n.commit, n.progress[id].Match)})
	}
}

// tickFollowers runs with the heartbeat timer, not with each read round, so
// that many reads do not mean many repeated appends.
func (n *Node) tickFollowers() {
	for _, id := range n.peers {
		pr := n.progress[id]
		pr.MayNudge = true
		if pr.State == tracker.Snapshot && !n.active(id) {
			// Gone while the snapshot was on its way: ask again from what is known.
			pr.SnapshotFailed()
		}
	}
}

// handleHeartbeat takes a leader's sign of life. ErrLost if the leader was told
// before, in this node's name, of entries that it does not hold.
func (n *Node) handleHeartbeat(m Message) error {
	switch {
	case n.Recovering():
		n.heartbeatWhileLost(m)
	case m.Commit > n.log.last():
		return fmt.Errorf("%w: it ends at %d, and held %d", ErrLost, n.log.last(), m.Commit)
	default:
		n.commitTo(m.Commit)
	}
	n.sendNow(Message{Type: MsgHeartbeatResp, To: m.From, Round: m.Round, Promise: n.makePromise()})
	return nil
}

// handleHeartbeatResp confirms read rounds, and uses that the follower can be
// reached: a probe that got no answer is sent again, and one that lacks entries
// gets an append that shows whether some were lost.
func (n *Node) handleHeartbeatResp(m Message, pr *tracker.Progress) {
	if pr.MayNudge && (pr.State == tracker.Probe || pr.Match < n.log.last()) {
		pr.MayNudge = false
		pr.ProbeSent = false
		pr.Nudge = true
		n.appendsDue = true
	}
	n.takePromise(m, &pr.PromisedRound)
	if m.Round > pr.AckedRound {
		pr.AckedRound = m.Round
		n.maybeFinishRound()
	}
}
