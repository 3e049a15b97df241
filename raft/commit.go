package raft

import "fmt"

// maybeCommit moves the commit index to what a quorum durably holds, this node
// as far as its own disk is. Only an entry of the current term is committed by
// counting; older ones come along with it. A majority that holds an older entry
// does not protect it: a node with a later term in its log could still be
// elected and overwrite it (section 5.4.2, figure 8).
func (n *Node) maybeCommit() {
	index := n.voters.Committed(n.durableAt)
	own := n.log.matches(index, n.hs.Term) || planted(BugCommitByCounting)
	if index <= n.commit || !own {
		return
	}
	n.commitTo(index)
	n.appendsDue = true
	n.maybeStartRound()
	n.confCommitted()
}

// durableAt is how much of the log a voter durably holds.
func (n *Node) durableAt(id uint64) uint64 {
	if id == n.id {
		if planted(BugLeaderCountsItself) {
			return n.log.last()
		}
		return n.log.stable
	}
	return n.progress[id].Match
}

// commitTo raises the commit index; a lower one is old news.
func (n *Node) commitTo(index uint64) {
	if index <= n.commit {
		return
	}
	if index > n.log.last() {
		panic(fmt.Sprintf("raft: invariant broken: commit <= last index: commit %d, but the log ends at %d", index, n.log.last()))
	}
	if n.role == Leader {
		n.uncommitted -= sumBytes(n.log.slice(n.commit+1, index))
	}
	n.commit = index
}
