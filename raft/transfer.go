package raft

// TransferLeader hands leadership to a voter, 0 for whoever holds most, or for
// whom a transfer is under way to: two that campaign at once may split the vote. It
// takes effect once that voter has the whole log; until then, and at most for
// an election timeout, proposals get ErrTransferring. It promises nothing: watch
// the term. ErrNotLeader, or ErrUnknownPeer if there is no such voter.
func (n *Node) TransferLeader(to uint64) error {
	if n.role != Leader {
		return ErrNotLeader
	}
	if to == None && n.conf.votes(n.transferee) {
		to = n.transferee
	}
	if to == None {
		to = n.bestSuccessor()
	}
	if to == n.id {
		return nil
	}
	if to == None || !n.conf.votes(to) {
		return ErrUnknownPeer
	}
	if n.transferee != to {
		n.transferee, n.transferAge = to, 0
		n.maybeTimeoutNow(to)
	}
	return nil
}

// Abdicate leaves office at once, because this node is about to end or its disk
// is gone: whoever holds most is told to campaign. It needs no disk; of the next
// Ready only Messages are to be sent. It does nothing on a node that does not lead.
func (n *Node) Abdicate() {
	if n.role == Leader {
		n.abdicate()
	}
}

// bestSuccessor is the voter that holds most of the log, among those heard in
// this term and lately; None if there is none. Of equals, the lowest id. Who is
// on the way out is none.
func (n *Node) bestSuccessor() uint64 {
	best, most := None, uint64(0)
	for _, id := range n.peers {
		if pr := n.progress[id]; n.conf.votes(id) && n.active(id) && pr.Match > most {
			best, most = id, pr.Match
		}
	}
	return best
}

// maybeTimeoutNow lets the transferee campaign as soon as it has everything.
// Nothing new is proposed meanwhile, so that moment comes.
func (n *Node) maybeTimeoutNow(id uint64) {
	if id == n.transferee && n.progress[id].Match == n.log.last() {
		n.sendTimeoutNow(id)
	}
}

// tickTransfer gives up on a transferee that did not take over in time.
func (n *Node) tickTransfer() {
	if n.transferee == None {
		return
	}
	n.transferAge++
	if n.transferAge >= n.cfg.ElectionTicks {
		n.transferee, n.transferAge = None, 0
	}
}

// handleTimeoutNow campaigns at once, without pre-vote: the leader asked, and
// the voters that still hear it are told so.
func (n *Node) handleTimeoutNow(m Message) {
	if m.From == n.leader && n.promotable() {
		n.campaignForReal(true)
	}
}
