package raft

import (
	"fmt"
	"io"
	"strings"
)

// The words of the transcripts. An entry is index/term and its data in quotes.

func entryText(e Entry) string {
	if e.Type == EntryConfChange {
		conf, _ := DecodeConfState(e.Data)
		return fmt.Sprintf("%d/%d %s", e.Index, e.Term, confText(conf))
	}
	if len(e.Data) == 0 {
		return fmt.Sprintf("%d/%d", e.Index, e.Term)
	}
	return fmt.Sprintf("%d/%d %q", e.Index, e.Term, e.Data)
}

// confText is a membership; a joint one shows the old voters behind the new.
func confText(c ConfState) string {
	text := fmt.Sprintf("voters=%v", c.Voters)
	if c.isJoint() {
		text += fmt.Sprintf("&%v", c.VotersOutgoing)
	}
	if len(c.Learners) > 0 {
		text += fmt.Sprintf(" learners=%v", c.Learners)
	}
	return text
}

func entriesText(entries []Entry) string {
	var parts []string
	for _, e := range entries {
		parts = append(parts, entryText(e))
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

func messageText(m Message) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d->%d %s term=%d", m.From, m.To, m.Type, m.Term)
	switch m.Type {
	case MsgPreVote, MsgVote:
		fmt.Fprintf(&b, " last=%d/%d", m.Index, m.LogTerm)
	case MsgAppend:
		fmt.Fprintf(&b, " prev=%d/%d commit=%d %s", m.Index, m.LogTerm, m.Commit, entriesText(m.Entries))
	case MsgAppendResp:
		fmt.Fprintf(&b, " index=%d", m.Index)
	case MsgHeartbeat:
		fmt.Fprintf(&b, " commit=%d round=%d", m.Commit, m.Round)
	case MsgHeartbeatResp:
		fmt.Fprintf(&b, " round=%d", m.Round)
		if m.Promise > 0 {
			fmt.Fprintf(&b, " promise=%d", m.Promise)
		}
	case MsgSnapshot:
		fmt.Fprintf(&b, " %s", snapshotText(*m.Snapshot))
	case MsgReadIndex, MsgReadIndexResp:
		fmt.Fprintf(&b, " read=%d index=%d%s", m.ReadID, m.Index, byLease(m.ByLease))
	}
	if m.Transfer {
		b.WriteString(" transfer")
	}
	if m.Reject {
		b.WriteString(" reject")
	}
	if m.Reject && m.Type == MsgAppendResp {
		fmt.Fprintf(&b, " hint=%d/%d", m.HintIndex, m.HintTerm)
	}
	return b.String()
}

func byLease(yes bool) string {
	if yes {
		return " by lease"
	}
	return ""
}

func snapshotText(s SnapshotMeta) string {
	return fmt.Sprintf("snapshot=%d/%d voters=%v", s.Index, s.Term, s.Conf.Voters)
}

func printReady(w io.Writer, rd Ready) {
	if rd.HardState != nil {
		fmt.Fprintf(w, "  hard state: term=%d vote=%d\n", rd.HardState.Term, rd.HardState.Vote)
	}
	if len(rd.Entries) > 0 {
		fmt.Fprintf(w, "  append: %s\n", entriesText(rd.Entries))
	}
	if rd.Snapshot != nil {
		fmt.Fprintf(w, "  install: %s\n", snapshotText(*rd.Snapshot))
	}
	for _, m := range rd.Messages {
		fmt.Fprintf(w, "  send: %s\n", messageText(m))
	}
	for _, m := range rd.MessagesAfterAppend {
		fmt.Fprintf(w, "  send when durable: %s\n", messageText(m))
	}
	if len(rd.Committed) > 0 {
		fmt.Fprintf(w, "  apply: %s\n", entriesText(rd.Committed))
	}
	for _, rs := range rd.ReadStates {
		fmt.Fprintf(w, "  read %d confirmed at %d%s\n", rs.ReadID, rs.Index, byLease(rs.ByLease))
	}
}

func printStatus(w io.Writer, s Status) {
	fmt.Fprintf(w, "%d %s term=%d vote=%d leader=%d commit=%d applied=%d log=%d..%d",
		s.ID, s.Role, s.Term, s.Vote, s.Leader, s.Commit, s.Applied, s.FirstIndex, s.LastIndex)
	if s.SnapshotIndex > 0 {
		fmt.Fprintf(w, " snapshot=%d", s.SnapshotIndex)
	}
	if s.Transferee != None {
		fmt.Fprintf(w, " transferee=%d", s.Transferee)
	}
	fmt.Fprintln(w)
}

func printProgress(w io.Writer, s Status) {
	for id := uint64(1); id <= 20; id++ {
		if pr, ok := s.Progress[id]; ok {
			fmt.Fprintf(w, "%d: %s match=%d next=%d inflight=%d", id, pr.State, pr.Match, pr.Next, pr.Inflight)
			if !pr.RecentActive {
				fmt.Fprint(w, " silent")
			}
			fmt.Fprintln(w)
		}
	}
}
