package events

import (
	"fmt"
	"hash/crc32"

	"raftkv/raft"
)

// Start: the node has read its folder; digest is that of the state at applied.
func (s *Stream) Start(st raft.Status, digest uint64) {
	if s != nil {
		s.write(line{
			Kind: "start", Node: st.ID, Term: st.Term, Vote: st.Vote, Index: st.LastIndex,
			Applied: st.Applied, Digest: hex(digest), Recovering: st.Recovering,
		})
	}
}

// Hard: term and vote are durable.
func (s *Stream) Hard(h raft.HardState) {
	if s != nil {
		s.write(line{Kind: "hard", Term: h.Term, Vote: h.Vote})
	}
}

// Sending notes the votes among messages that are about to be sent: those given,
// and the one that a candidate has given itself.
func (s *Stream) Sending(messages []raft.Message) {
	if s == nil {
		return
	}
	own := false
	for _, m := range messages {
		switch {
		case m.Type == raft.MsgVoteResp && !m.Reject:
			s.write(line{Kind: "vote", Term: m.Term, Vote: m.To})
		case m.Type == raft.MsgVote && !own:
			own = true
			s.write(line{Kind: "vote", Term: m.Term, Vote: m.From})
		}
	}
}

// Role: the node has this role in this term from now on.
func (s *Stream) Role(term uint64, r raft.Role) {
	if s != nil {
		s.write(line{Kind: "role", Term: term, Role: r.String()})
	}
}

// Append: entries are about to go to the log.
func (s *Stream) Append(es []raft.Entry) { s.entries("append", es) }

// Commit: entries are known to be committed.
func (s *Stream) Commit(es []raft.Entry) { s.entries("commit", es) }

// Truncate: the log from index on is about to be dropped.
func (s *Stream) Truncate(index uint64) {
	if s != nil {
		s.write(line{Kind: "truncate", Index: index})
	}
}

// Durable: the log is on disk up to its entry index.
func (s *Stream) Durable(index, term uint64) {
	if s != nil {
		s.write(line{Kind: "durable", Index: index, Term: term})
	}
}

// Apply: the entry, with so many commands in it, made the state that digest
// stands for.
func (s *Stream) Apply(e raft.Entry, digest uint64, commands int) {
	if s != nil {
		s.write(line{Kind: "apply", Index: e.Index, Term: e.Term, Digest: hex(digest), Commands: commands})
	}
}

// Saved: a snapshot is durable.
func (s *Stream) Saved(m raft.SnapshotMeta) { s.snapshot("snapshot", m, "") }

// Install: the log is about to give way to a snapshot.
func (s *Stream) Install(m raft.SnapshotMeta) { s.snapshot("install", m, "") }

// Restored: the state is now the snapshot's.
func (s *Stream) Restored(index, term, digest uint64) {
	s.snapshot("restored", raft.SnapshotMeta{Index: index, Term: term}, hex(digest))
}

// Conf: these are the members in force.
func (s *Stream) Conf(c raft.ConfState) {
	if s != nil {
		s.write(line{Kind: "conf", Voters: c.Voters, Outgoing: c.VotersOutgoing, Learners: c.Learners})
	}
}

func (s *Stream) snapshot(kind string, m raft.SnapshotMeta, digest string) {
	if s != nil {
		s.write(line{Kind: kind, Index: m.Index, Term: m.Term, Digest: digest})
	}
}

func (s *Stream) entries(kind string, es []raft.Entry) {
	if s == nil || len(es) == 0 {
		return
	}
	l := line{Kind: kind, Index: es[0].Index, Entries: make([]entry, len(es))}
	for i, e := range es {
		l.Entries[i] = entry{Term: e.Term, Hash: hash(e)}
	}
	s.write(l)
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// hash tells what an entry says from what another says at its place.
func hash(e raft.Entry) string {
	return fmt.Sprintf("%08x", crc32.Update(crc32.Checksum([]byte{byte(e.Type)}, castagnoli), castagnoli, e.Data))
}

func hex(digest uint64) string { return fmt.Sprintf("%016x", digest) }
