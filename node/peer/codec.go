package peer

import (
	"errors"
	"fmt"

	"raftkv/node/peer/peerpb"
	"raftkv/raft"
)

// ErrMalformed reports a frame that no RaftKV node sends.
var ErrMalformed = errors.New("peer: malformed message")

func encodeAll(ms []raft.Message) *peerpb.Batch {
	b := &peerpb.Batch{Messages: make([]*peerpb.Message, len(ms))}
	for i := range ms {
		b.Messages[i] = encode(&ms[i])
	}
	return b
}

func encode(m *raft.Message) *peerpb.Message {
	return &peerpb.Message{
		Type: uint32(m.Type), From: m.From, To: m.To, Term: m.Term,
		Index: m.Index, LogTerm: m.LogTerm, Entries: encodeEntries(m.Entries),
		Commit: m.Commit, Reject: m.Reject, HintIndex: m.HintIndex, HintTerm: m.HintTerm,
		Round: m.Round, ReadId: m.ReadID, Snapshot: encodeMeta(m.Snapshot), Transfer: m.Transfer, Lost: m.Lost,
		Promise: m.Promise, ByLease: m.ByLease,
	}
}

func encodeEntries(es []raft.Entry) []*peerpb.Entry {
	if len(es) == 0 {
		return nil
	}
	out := make([]*peerpb.Entry, len(es))
	for i, e := range es {
		out[i] = &peerpb.Entry{Index: e.Index, Term: e.Term, Type: uint32(e.Type), Data: e.Data}
	}
	return out
}

func encodeMeta(s *raft.SnapshotMeta) *peerpb.SnapshotMeta {
	if s == nil {
		return nil
	}
	return &peerpb.SnapshotMeta{Index: s.Index, Term: s.Term, Conf: &peerpb.ConfState{
		Voters: s.Conf.Voters, VotersOutgoing: s.Conf.VotersOutgoing, Learners: s.Conf.Learners, Context: s.Conf.Context,
	}}
}

// decode refuses what the engine could not make sense of: a type it does not
// know, or a snapshot announced without its position.
func decode(p *peerpb.Message) (raft.Message, error) {
	t := raft.MessageType(p.Type)
	if uint32(t) != p.Type || t < raft.MsgPreVote || t > raft.MsgTimeoutNow {
		return raft.Message{}, fmt.Errorf("%w: type %d", ErrMalformed, p.Type)
	}
	if t == raft.MsgSnapshot && p.Snapshot == nil {
		return raft.Message{}, fmt.Errorf("%w: a snapshot without its position", ErrMalformed)
	}
	return raft.Message{
		Type: t, From: p.From, To: p.To, Term: p.Term,
		Index: p.Index, LogTerm: p.LogTerm, Entries: decodeEntries(p.Entries),
		Commit: p.Commit, Reject: p.Reject, HintIndex: p.HintIndex, HintTerm: p.HintTerm,
		Round: p.Round, ReadID: p.ReadId, Snapshot: decodeMeta(p.Snapshot), Transfer: p.Transfer, Lost: p.Lost,
		Promise: p.Promise, ByLease: p.ByLease,
	}, nil
}

func decodeEntries(ps []*peerpb.Entry) []raft.Entry {
	if len(ps) == 0 {
		return nil
	}
	out := make([]raft.Entry, len(ps))
	for i, p := range ps {
		out[i] = raft.Entry{Index: p.Index, Term: p.Term, Type: raft.EntryType(p.Type), Data: p.Data}
	}
	return out
}

func decodeMeta(p *peerpb.SnapshotMeta) *raft.SnapshotMeta {
	if p == nil {
		return nil
	}
	return &raft.SnapshotMeta{Index: p.Index, Term: p.Term, Conf: raft.ConfState{
		Voters: p.Conf.GetVoters(), VotersOutgoing: p.Conf.GetVotersOutgoing(), Learners: p.Conf.GetLearners(), Context: p.Conf.GetContext(),
	}}
}
