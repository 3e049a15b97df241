package rafttest

import (
	"fmt"
	"io"
	"math/bits"
	"strings"
	"time"

	"raftkv/raft"
	"raftkv/raft/membership"
)

// step names what a line of the trace tells.
type step uint8

const (
	stepStart step = iota
	stepCrash
	stepPause
	stepResume
	stepSend
	stepDeliver
	stepLost
	stepRole
	stepPersist
	stepDurable
	stepApply
	stepSnapshot
	stepInstall
	stepRead
	stepFault
	stepHeal
	stepInvoke
	stepAttempt
	stepReturn
	stepRecord
	stepWiped
	stepBent
)

// stepFormats are given the record's four numbers; the message or note follows.
var stepFormats = [...]string{
	stepStart:    "START   term %d vote %d snapshot %d last %d",
	stepCrash:    "CRASH   %d of %d queued pieces survive",
	stepPause:    "PAUSE",
	stepResume:   "RESUME",
	stepSend:     "send   ",
	stepDeliver:  "recv   ",
	stepLost:     "lost   ",
	stepRole:     "ROLE    term %d role %d leader %d commit %d",
	stepPersist:  "write   term %d vote %d entries %d..%d",
	stepDurable:  "durable term %d vote %d last %d",
	stepApply:    "apply   %d..%d",
	stepSnapshot: "SNAPSHOT at %d term %d",
	stepInstall:  "INSTALL at %d term %d ok %d",
	stepRead:     "read    id %d index %d",
	stepFault:    "FAULT  ",
	stepHeal:     "HEAL   ",
	stepInvoke:   "invoke  process %d op %d",
	stepAttempt:  "ask     process %d op %d attempt %d at node %d",
	stepReturn:   "return  process %d op %d outcome %d",
	stepRecord:   "RECORD  phase %d cluster %d",
	stepWiped:    "WIPED   incarnation %d",
	stepBent:     "BENT   ",
}

// record is one line of the trace, kept as numbers: a line is put into words
// only when somebody reads it.
type record struct {
	at   time.Duration
	node uint64
	step step
	v    [4]uint64
	msg  raft.Message // without its entries
	n    int          // how many entries msg had
	note string
}

// traceKept is how many of the last lines a failure shows.
const traceKept = 120

// trace keeps the last lines of a run and a hash over all of them.
type trace struct {
	ring  [traceKept]record
	count uint64
	hash  uint64
	out   io.Writer // every line as it happens, when set
}

func (t *trace) add(r record) {
	t.hash = r.mix(t.hash)
	t.ring[t.count%traceKept] = r
	t.count++
	if t.out != nil {
		fmt.Fprintln(t.out, r.String())
	}
}

// last puts the kept lines into words, oldest first.
func (t *trace) last() string {
	var b strings.Builder
	for i := t.count - min(t.count, traceKept); i < t.count; i++ {
		b.WriteString(t.ring[i%traceKept].String())
		b.WriteByte('\n')
	}
	return b.String()
}

func (r *record) mix(h uint64) uint64 {
	h = mix(h, uint64(r.at))
	h = mix(h, r.node<<8|uint64(r.step))
	for _, v := range r.v {
		h = mix(h, v)
	}
	if m := &r.msg; m.Type != 0 {
		h = mix(mix(h, uint64(m.Type)<<32|m.From), m.To)
		for _, v := range [...]uint64{m.Term, m.Index, m.LogTerm, m.Commit, m.HintIndex, m.Round, uint64(r.n)} {
			h = mix(h, v)
		}
	}
	return mixString(h, r.note)
}

func (r *record) String() string {
	format := stepFormats[r.step]
	args := make([]any, strings.Count(format, "%"))
	for i := range args {
		args[i] = r.v[i]
	}
	line := fmt.Sprintf("%12.6fs  n%s  ", r.at.Seconds(), folder(r.node)) + fmt.Sprintf(format, args...)
	if r.msg.Type != 0 {
		line += " " + describe(&r.msg, r.n)
	}
	if r.note != "" {
		line += " " + r.note
	}
	return line
}

var messageNames = [...]string{
	raft.MsgPreVote: "PreVote", raft.MsgPreVoteResp: "PreVoteResp",
	raft.MsgVote: "Vote", raft.MsgVoteResp: "VoteResp",
	raft.MsgAppend: "Append", raft.MsgAppendResp: "AppendResp",
	raft.MsgHeartbeat: "Heartbeat", raft.MsgHeartbeatResp: "HeartbeatResp",
	raft.MsgSnapshot: "Snapshot", raft.MsgReadIndex: "ReadIndex",
	raft.MsgReadIndexResp: "ReadIndexResp", raft.MsgTimeoutNow: "TimeoutNow",
}

// folder is a node's number, with the incarnation of its folder unless that is the
// first: 3, or 3'17.
func folder(id uint64) string {
	if i := membership.Incarnation(id); i != 0 {
		return fmt.Sprintf("%d'%d", membership.Node(id), i)
	}
	return fmt.Sprint(id)
}

// describe puts a message into one line, leaving out what is zero.
func describe(m *raft.Message, entries int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s>%s %s term %d", folder(m.From), folder(m.To), messageNames[m.Type], m.Term)
	for _, f := range []struct {
		name  string
		value uint64
	}{
		{"index", m.Index}, {"logterm", m.LogTerm}, {"entries", uint64(entries)}, {"commit", m.Commit},
		{"hint", m.HintIndex}, {"hintterm", m.HintTerm}, {"round", m.Round}, {"read", m.ReadID},
	} {
		if f.value != 0 {
			fmt.Fprintf(&b, " %s %d", f.name, f.value)
		}
	}
	if m.Snapshot != nil {
		fmt.Fprintf(&b, " snapshot %d/%d", m.Snapshot.Index, m.Snapshot.Term)
	}
	if m.Reject {
		b.WriteString(" REJECT")
	}
	if m.Transfer {
		b.WriteString(" transfer")
	}
	return b.String()
}

// mix folds one number into a hash: a multiplication and a rotation, as in the
// xxHash family. It has to notice a difference, not to resist anybody.
func mix(h, v uint64) uint64 {
	return bits.RotateLeft64(h^v*0x9e3779b97f4a7c15, 31) * 0xc2b2ae3d27d4eb4f
}

func mixString(h uint64, s string) uint64 {
	for i := range len(s) {
		h = mix(h, uint64(s[i]))
	}
	return h
}

// number is a truth value for the trace.
func number(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}
