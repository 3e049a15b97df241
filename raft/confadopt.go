package raft

import (
	"maps"
	"slices"

	"raftkv/raft/tracker"
)

// departingTimeouts is for how many election timeouts a leader keeps trying to
// tell a silent node that it was removed.
const departingTimeouts = 10

// adoptConf puts the last membership of the log in force. It runs whenever that
// may have changed: at an append, a truncation, a snapshot, a start.
func (n *Node) adoptConf() {
	conf := n.confs.last().conf
	if n.confVersion > 0 && conf.equal(n.conf) {
		return
	}
	n.confVersion++
	n.conf = conf
	n.voters = conf.joint()
	n.peers = conf.peers(n.id)
	if n.role == Follower || n.role == Learner {
		n.role = n.idleRole()
	}
}

// appendConf appends a membership to the leader's log and goes by it from then
// on; who is left out stays a peer until it knows.
func (n *Node) appendConf(conf ConfState) {
	before := n.conf.peers(n.id)
	n.appendOwn(EntryConfChange, EncodeConfState(conf))
	n.confs.append(n.log.slice(n.log.last(), n.log.last()))
	n.adoptConf()
	for _, id := range before {
		if !slices.Contains(n.peers, id) {
			n.depart(id)
		}
	}
	for id := range n.departing {
		if slices.Contains(n.conf.peers(n.id), id) {
			// It is back, and what was known of its last stay is not to be trusted.
			delete(n.departing, id)
			delete(n.progress, id)
		}
	}
	n.trackPeers()
	// Reads may have waited only for a node that has no say now.
	n.maybeFinishRound()
}

// trackPeers lists whom the leader sends to, and keeps progress for each of
// them and nobody else.
func (n *Node) trackPeers() {
	all := slices.AppendSeq(n.conf.peers(n.id), maps.Keys(n.departing))
	slices.Sort(all)
	n.peers = slices.Compact(all)
	maps.DeleteFunc(n.progress, func(id uint64, _ *tracker.Progress) bool { return !slices.Contains(n.peers, id) })
	for _, id := range n.peers {
		if n.progress[id] == nil {
			window := tracker.NewInflights(n.cfg.MaxInflightMsgs, n.cfg.MaxInflightBytes)
			n.progress[id] = tracker.New(n.log.last()+1, window)
		}
	}
	n.appendsDue = true
}

// confCommitted goes on after a commit of this leader's term: out of a joint
// membership, whoever had entered it; and out of office, if the membership that
// is now final has no place for it.
func (n *Node) confCommitted() {
	if n.confs.last().index > n.commit {
		return
	}
	switch {
	case n.conf.isJoint():
		next := n.conf.clone()
		next.VotersOutgoing = nil
		n.appendConf(next)
	case !n.conf.votes(n.id):
		// It counted itself in no quorum, and had to lead so that the change could
		// be committed (dissertation, 4.2.2).
		n.abdicate()
	default:
		n.dismissAll()
	}
}

// depart notes that a peer has to learn that it was removed: once it holds the
// entry that says so it no longer campaigns. It has no say meanwhile.
func (n *Node) depart(id uint64) {
	if n.departing == nil {
		n.departing = map[uint64]uint64{}
	}
	n.departing[id] = n.confs.last().index
}

// maybeInform makes a removed node that campaigns, as it does not know yet, a
// peer until it does. Only the leader knows that its own log is the latest.
func (n *Node) maybeInform(id uint64) {
	if n.role != Leader || slices.Contains(n.peers, id) || n.confs.last().index > n.commit {
		return
	}
	n.depart(id)
	n.trackPeers()
}

// maybeDismiss stops sending to a removed node that holds what removed it.
func (n *Node) maybeDismiss(id uint64) {
	index, ok := n.departing[id]
	if !ok || n.progress[id].Match < index || n.commit < index {
		return
	}
	// One last word, so that it knows the removal to be final.
	n.replicateTo(id, n.progress[id])
	delete(n.departing, id)
	n.trackPeers()
}

// dismissAll looks at all removed nodes after the removal was committed.
func (n *Node) dismissAll() {
	for _, id := range slices.Sorted(maps.Keys(n.departing)) {
		n.maybeDismiss(id)
	}
}

// tickDeparting gives up on removed nodes that are silent for long: they may be
// switched off for good.
func (n *Node) tickDeparting() {
	gone := false
	for id := range n.departing {
		if n.progress[id].Silent >= departingTimeouts*n.cfg.ElectionTicks {
			delete(n.departing, id)
			gone = true
		}
	}
	if gone {
		n.trackPeers()
	}
}
