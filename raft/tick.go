package raft

import "raftkv/raft/quorum"

// Tick moves the node's clocks by one. The caller ticks at a steady rate, and
// drops ticks that it could not deliver in time rather than catching up.
func (n *Node) Tick() {
	n.tickDisk()
	n.tickRecovery()
	n.lease.silent = max(n.lease.silent-1, 0)
	n.electionElapsed++
	if n.role == Leader {
		n.tickLeader()
		return
	}
	if n.electionElapsed >= n.electionTimeout && n.promotable() {
		n.Campaign()
	}
}

// tickDisk counts how long writes have been outstanding without any progress.
func (n *Node) tickDisk() {
	if n.diskIdle() {
		n.stallTicks = 0
		return
	}
	n.stallTicks++
}

func (n *Node) tickLeader() {
	for _, id := range n.peers {
		n.progress[id].Silent++
	}
	if n.stallTicks >= n.cfg.ElectionTicks && !planted(BugStalledLeaderStays) {
		n.abdicate()
		return
	}
	if !n.quorumAlive() && !planted(BugNoCheckQuorum) {
		// CheckQuorum (dissertation, 6.2): whoever can be reached elsewhere may
		// have another leader by now; clients should not wait here.
		n.becomeFollower(n.hs.Term, None)
		return
	}
	n.tickTransfer()
	n.tickDeparting()
	n.heartbeatElapsed++
	if n.heartbeatElapsed >= n.cfg.HeartbeatTicks {
		n.heartbeatElapsed = 0
		n.tickFollowers()
		if n.lease.length > 0 {
			n.beginRound() // each is when the lease may begin anew
		}
		n.broadcastHeartbeat()
	}
}

// abdicate leaves office because the own disk stands still: heartbeats would
// keep the followers quiet while this node can no longer do its part
// (hashicorp/raft#503). Whoever holds most takes over at once.
func (n *Node) abdicate() {
	if to := n.bestSuccessor(); to != None {
		n.flushAppends()
		n.sendTimeoutNow(to)
	}
	n.becomeFollower(n.hs.Term, None)
}

// active says that a peer was heard within an election timeout.
func (n *Node) active(id uint64) bool {
	pr := n.progress[id]
	return pr != nil && pr.Silent < n.cfg.ElectionTicks
}

// whole says that a peer was heard within an election timeout, and that its log
// is all there.
func (n *Node) whole(id uint64) bool { return n.active(id) && n.progress[id].Whole }

// quorumAlive says that this leader hears a quorum, itself included. A new
// leader has one election timeout to be answered.
func (n *Node) quorumAlive() bool {
	return n.voters.Vote(func(id uint64) (bool, bool) {
		return id == n.id || n.active(id), true
	}) == quorum.Won
}
