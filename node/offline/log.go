package offline

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	"raftkv/node/kv/kvpb"
	"raftkv/raft"
	"raftkv/raft/boltstore"
	"raftkv/raft/membership"
)

// Log is what a stopped node's log.db holds.
type Log struct {
	Path    string `json:"path"`
	Bytes   int64  `json:"bytes"`
	Format  uint32 `json:"format"`
	Cluster string `json:"cluster"`
	Node    uint64 `json:"node"`
	// Incarnation tells this folder from others of its node; Identity is the
	// cluster's number, 0 for a folder that belongs to none yet.
	Incarnation string `json:"incarnation"`
	Identity    string `json:"identity"`
	// Founders are the voters that the cluster began with.
	Founders []uint64 `json:"founders"`
	Term     uint64   `json:"term"`
	Vote     uint64   `json:"vote"`
	First    uint64   `json:"first"`
	Last     uint64   `json:"last"`
	Entries  uint64   `json:"entries"`
	// Terms are the runs of entries of one term each, in order.
	Terms []TermRun `json:"terms"`
	// Kinds counts the entries by what they are: command, noop, conf-change,
	// undecodable.
	Kinds map[string]int `json:"kinds"`
	// Commands counts what the entries ask of the state machine, by operation.
	Commands map[string]int `json:"commands"`
	// Damage names what is wrong, the first first; empty if nothing is.
	Damage []string `json:"damage,omitempty"`
	// Listed are the first entries from the index asked for.
	Listed []Entry `json:"listed,omitempty"`
}

// TermRun is the entries of one term that follow each other.
type TermRun struct {
	Term  uint64 `json:"term"`
	First uint64 `json:"first"`
	Last  uint64 `json:"last"`
}

// Entry is one entry of the log, decoded.
type Entry struct {
	Index    uint64    `json:"index"`
	Term     uint64    `json:"term"`
	Kind     string    `json:"kind"`
	Bytes    int       `json:"bytes"`
	Commands []Command `json:"commands,omitempty"`
}

// Command is one command of an entry. A key that is no text is quoted as bytes.
type Command struct {
	Op         string `json:"op"`
	Key        string `json:"key,omitempty"`
	ValueBytes int    `json:"value_bytes,omitempty"`
	Session    uint64 `json:"session,omitempty"`
	Sequence   uint64 `json:"sequence,omitempty"`
}

// InspectLog reads the log of a stopped node's folder and lists up to limit
// entries from the index from on. It returns boltstore.ErrLocked while a node
// runs there; damage is part of the result. Which entries are committed is not
// in the file.
func InspectLog(dataDir string, from uint64, limit int) (Log, error) {
	l := Log{Kinds: map[string]int{}, Commands: map[string]int{}}
	in, err := boltstore.Inspect(dataDir, func(e raft.Entry) {
		entry := decode(e)
		l.note(entry)
		if e.Index >= from && len(l.Listed) < limit {
			l.Listed = append(l.Listed, entry)
		}
	})
	l.Path, l.Bytes, l.Format, l.Cluster, l.Node = in.Path, in.Bytes, in.Format, in.Cluster, in.Node
	l.Incarnation, l.Identity = fmt.Sprintf("%012x", in.Record.Incarnation), fmt.Sprintf("%016x", in.Record.Cluster)
	l.Founders = membership.Nodes(in.Record.Founders)
	l.Term, l.Vote = in.HardState.Term, membership.Node(in.HardState.Vote)
	l.First, l.Last, l.Entries, l.Damage = in.First, in.Last, in.Entries, in.Damage
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w; check --data-dir", err)
	}
	return l, err
}

func (l *Log) note(e Entry) {
	l.Kinds[e.Kind]++
	for _, c := range e.Commands {
		l.Commands[c.Op]++
	}
	n := len(l.Terms)
	if n > 0 && l.Terms[n-1].Term == e.Term && l.Terms[n-1].Last+1 == e.Index {
		l.Terms[n-1].Last = e.Index
		return
	}
	l.Terms = append(l.Terms, TermRun{Term: e.Term, First: e.Index, Last: e.Index})
}

func decode(e raft.Entry) Entry {
	out := Entry{Index: e.Index, Term: e.Term, Bytes: len(e.Data)}
	var batch kvpb.Batch
	switch {
	case e.Type == raft.EntryConfChange:
		out.Kind = "conf-change"
	case len(e.Data) == 0:
		out.Kind = "noop"
	case e.Type != raft.EntryCommand || proto.Unmarshal(e.Data, &batch) != nil:
		out.Kind = "undecodable"
	default:
		out.Kind = "command"
	}
	for _, c := range batch.GetCommands() {
		out.Commands = append(out.Commands, newCommand(c))
	}
	return out
}

var opNames = map[kvpb.Command_Op]string{
	kvpb.Command_OP_PUT:           "put",
	kvpb.Command_OP_DELETE:        "delete",
	kvpb.Command_OP_CAS:           "cas",
	kvpb.Command_OP_OPEN_SESSION:  "open-session",
	kvpb.Command_OP_CLOSE_SESSION: "close-session",
	kvpb.Command_OP_CLOCK:         "clock",
}

func newCommand(c *kvpb.Command) Command {
	op, known := opNames[c.GetOp()]
	if !known {
		op = c.GetOp().String()
	}
	return Command{
		Op: op, Key: text(c.GetKey()), ValueBytes: len(c.GetValue()),
		Session: c.GetSession(), Sequence: c.GetSequence(),
	}
}

// text keeps a key as it is if it is text.
func text(key []byte) string {
	if utf8.Valid(key) {
		return string(key)
	}
	return strconv.QuoteToASCII(string(key))
}
