package rafttest

import (
	"slices"

	"raftkv/raft"
	"raftkv/raft/membership"
)

// plantHello changes what a node makes of another's greeting: it takes the state
// that the others were restored with for its own.
func (n *node) plantHello(h membership.Hello) {
	r := n.founding.Record()
	if n.w.planted(PlantHalfRestore) && r.Phase == membership.Empty && r.Origin == 0 && h.Origin != 0 {
		n.disk.record.Origin = h.Origin
		n.greets()
	}
}

// plantReply counts a reply once more, for the voter that is another folder of the
// node that sent it.
func (n *node) plantReply(m raft.Message) {
	replies := []raft.MessageType{raft.MsgPreVoteResp, raft.MsgVoteResp, raft.MsgAppendResp, raft.MsgHeartbeatResp}
	if !n.w.planted(PlantOldVoteCounts) || !slices.Contains(replies, m.Type) {
		return
	}
	for _, id := range n.eng.Status().Conf.Voters {
		if membership.Node(id) == membership.Node(m.From) && id != m.From {
			m.From = id
			n.step(m, snapshotFile{})
			return
		}
	}
}
