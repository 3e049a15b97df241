package raft

import (
	"errors"
	"fmt"
)

// validate finds messages that no correct peer sends, before anything of them
// is believed.
func (m *Message) validate() error {
	switch {
	case m.Type < MsgPreVote || m.Type > MsgTimeoutNow:
		return fmt.Errorf("unknown type %d", uint8(m.Type))
	case m.From == None || m.Term == 0:
		return errors.New("no sender or no term")
	case m.Type == MsgAppend:
		return m.validateAppend()
	case m.Type == MsgSnapshot:
		return m.validateSnapshot()
	}
	return nil
}

func (m *Message) validateAppend() error {
	if m.LogTerm > m.Term {
		return fmt.Errorf("previous entry of term %d above the sender's term %d", m.LogTerm, m.Term)
	}
	if err := errors.Join(checkSequence(m.Index, m.LogTerm, m.Entries), checkConfs(m.Entries)); err != nil {
		return err
	}
	if k := len(m.Entries); k > 0 && m.Entries[k-1].Term > m.Term {
		return fmt.Errorf("entry of term %d above the sender's term %d", m.Entries[k-1].Term, m.Term)
	}
	return nil
}

func (m *Message) validateSnapshot() error {
	s := m.Snapshot
	if s == nil || s.Index == 0 || s.Term == 0 || s.Term > m.Term {
		return errors.New("no snapshot, or one of no index or of a later term")
	}
	return s.Conf.validate()
}

// sendNow sends in parallel with the disk. A leader's own messages state its
// term, so they wait in the case that the term itself is not durable yet. So do
// refusals of a pre-vote: a candidate whose disk stands still wins nothing, and
// its term would only cost whoever leads its office.
func (n *Node) sendNow(m Message) {
	states := n.role == Leader || m.Type == MsgPreVoteResp && m.Reject
	if states && n.durable.Term < n.hs.Term {
		n.sendAfterAppend(m)
		return
	}
	n.out.messages = append(n.out.messages, n.stamp(m))
}

// sendAfterAppend sends once everything that this node has decided so far is
// durable: votes and acknowledgements are promises that a crash must not break.
func (n *Node) sendAfterAppend(m Message) {
	if planted(BugVoteBeforeDisk) && m.Type == MsgVoteResp || planted(BugAckBeforeDisk) && m.Type == MsgAppendResp {
		n.out.messages = append(n.out.messages, n.stamp(m))
		return
	}
	n.out.afterAppend = append(n.out.afterAppend, n.stamp(m))
}

// stamp fills in the sender, its term unless the message is about another, and
// in a reply to the leader whether this node is still recovering.
func (n *Node) stamp(m Message) Message {
	m.From = n.id
	m.Lost = n.Recovering() && (m.Type == MsgAppendResp || m.Type == MsgHeartbeatResp)
	if m.Term == 0 {
		m.Term = n.hs.Term
	}
	return m
}
