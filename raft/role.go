package raft

import (
	"fmt"

	"raftkv/raft/tracker"
)

// becomeFollower enters a term, or stays in it without leading. The vote is
// cleared only when the term rises: a node that steps down within a term has
// still voted in it (hazelcast#16643). Seeing a term is not voting in it.
func (n *Node) becomeFollower(term, leader uint64) {
	if term < n.hs.Term {
		panic(fmt.Sprintf("raft: invariant broken: the term never goes down: %d after %d", term, n.hs.Term))
	}
	if term > n.hs.Term || planted(BugStepDownClearsVote) {
		n.hs = HardState{Term: term}
		if planted(BugPromiseEndsWithTerm) {
			n.lease.silent = 0
		}
		if planted(BugOldLeaderGoesOn) && n.role == Leader {
			return
		}
	}
	if n.leader != None {
		// It led or was led until now: others get their full chance first.
		n.resetElectionTimer()
	}
	n.role = n.idleRole()
	n.leader = leader
	n.votes, n.transfer = nil, false
	n.dropLeadership()
}

// idleRole is what a member is when it neither leads nor campaigns.
func (n *Node) idleRole() Role {
	if n.voters.Contains(n.id) {
		return Follower
	}
	return Learner
}

// dropLeadership forgets all that belongs to a leader's one term, the waiting
// reads above all: they were to be confirmed in a term that is over.
func (n *Node) dropLeadership() {
	n.progress = nil
	n.uncommitted = 0
	n.appendsDue = false
	n.reads = readQueue{}
	n.lease.tenure = tenure{}
	n.transferee, n.transferAge = None, 0
	n.heartbeatElapsed = 0
	if n.departing != nil {
		n.departing = nil
		n.peers = n.conf.peers(n.id)
	}
}

// becomePreCandidate asks whether an election would be won. Term and vote stay
// as they are, so it disturbs nobody (dissertation, 9.6).
func (n *Node) becomePreCandidate() {
	n.becomeFollower(n.hs.Term, None)
	n.role = PreCandidate
	n.votes = tracker.Votes{}
	n.resetElectionTimer()
}

// becomeCandidate starts an election in the next term and votes for itself.
func (n *Node) becomeCandidate(transfer bool) {
	n.becomeFollower(n.hs.Term+1, None)
	n.role = Candidate
	n.hs.Vote = n.id
	n.votes = tracker.Votes{}
	n.transfer = transfer
	n.resetElectionTimer()
}

// becomeLeader takes the term over. Its first entry is a no-op: only an entry
// of this term can be committed by counting, and takes the older ones along
// (section 5.4.2; 8 for reads).
func (n *Node) becomeLeader() {
	if n.role != Candidate || n.installing != nil {
		panic(fmt.Sprintf("raft: invariant broken: only a candidate becomes leader: was %s", n.role))
	}
	n.votes, n.transfer = nil, false
	n.role, n.leader = Leader, n.id
	n.dropLeadership()
	n.electionElapsed = 0
	n.progress = make(map[uint64]*tracker.Progress, len(n.peers))
	n.trackPeers()
	n.uncommitted = sumBytes(n.log.slice(n.commit+1, n.log.last()))
	n.appendOwn(EntryCommand, nil)
}

// resetElectionTimer draws a new timeout: different ones keep nodes from
// splitting the vote again and again (section 5.2).
func (n *Node) resetElectionTimer() {
	n.electionElapsed = 0
	n.electionTimeout = n.cfg.ElectionTicks + n.cfg.Rand(n.cfg.ElectionTicks)
}
