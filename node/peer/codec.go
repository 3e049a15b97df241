package peer

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

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
		Promise: m.Promise, ByLease: m.ByLease, Head: proto.Uint32(headSum(m)),
	}
}

func encodeEntries(es []raft.Entry) []*peerpb.Entry {
	if len(es) == 0 {
		return nil
	}
	out := make([]*peerpb.Entry, len(es))
	for i, e := range es {
		out[i] = &peerpb.Entry{Index: e.Index, Term: e.Term, Type: uint32(e.Type), Data: e.Data, Sum: e.Sum}
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

// decodeAll takes a frame as a whole or not at all. A field that this version
// does not know is one whose tag was bent: the message in it would be lost.
func decodeAll(b *peerpb.Batch) ([]raft.Message, *Digest, error) {
	if len(b.ProtoReflect().GetUnknown()) > 0 {
		return nil, nil, fmt.Errorf("%w: an unknown field", ErrCorrupt)
	}
	ms := make([]raft.Message, len(b.Messages))
	for i, p := range b.Messages {
		var err error
		if ms[i], err = decode(p); err != nil {
			return nil, nil, err
		}
	}
	if b.Digest == nil {
		return ms, nil, nil
	}
	d, err := decodeDigest(b.Digest)
	if err != nil {
		return nil, nil, err
	}
	return ms, &d, nil
}

// decode refuses what was changed on its way, and what the engine could not make
// sense of: a type it does not know, or a snapshot announced without its position.
func decode(p *peerpb.Message) (raft.Message, error) {
	m := decoded(p)
	if err := verify(&m, p); err != nil {
		return raft.Message{}, err
	}
	if m.Type < raft.MsgPreVote || m.Type > raft.MsgTimeoutNow {
		return raft.Message{}, fmt.Errorf("%w: type %d", ErrMalformed, p.Type)
	}
	if m.Type == raft.MsgSnapshot && m.Snapshot == nil {
		return raft.Message{}, fmt.Errorf("%w: a snapshot without its position", ErrMalformed)
	}
	return m, nil
}

// verify holds what was decoded against the checksums that came with it.
func verify(m *raft.Message, p *peerpb.Message) error {
	if uint32(m.Type) != p.Type || !matches(p.Head, headSum(m)) {
		return fmt.Errorf("%w: the head of a message from node %d", ErrCorrupt, m.From)
	}
	for i := range m.Entries {
		if !m.Entries[i].Intact() {
			return fmt.Errorf("%w: entry %d from node %d", ErrCorrupt, m.Entries[i].Index, m.From)
		}
	}
	return nil
}

func decoded(p *peerpb.Message) raft.Message {
	return raft.Message{
		Type: raft.MessageType(p.Type), From: p.From, To: p.To, Term: p.Term,
		Index: p.Index, LogTerm: p.LogTerm, Entries: decodeEntries(p.Entries),
		Commit: p.Commit, Reject: p.Reject, HintIndex: p.HintIndex, HintTerm: p.HintTerm,
		Round: p.Round, ReadID: p.ReadId, Snapshot: decodeMeta(p.Snapshot), Transfer: p.Transfer, Lost: p.Lost,
		Promise: p.Promise, ByLease: p.ByLease,
	}
}

func decodeEntries(ps []*peerpb.Entry) []raft.Entry {
	if len(ps) == 0 {
		return nil
	}
	out := make([]raft.Entry, len(ps))
	for i, p := range ps {
		out[i] = raft.Entry{Index: p.Index, Term: p.Term, Type: raft.EntryType(p.Type), Data: p.Data, Sum: p.Sum}
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
