package rafttest

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/cespare/xxhash/v2"
	"google.golang.org/protobuf/encoding/protodelim"
	"google.golang.org/protobuf/proto"

	"raftkv/node/kv/kvpb"
	"raftkv/raft"
)

// Plant is a bug put around the engine: in the runtime's part, the disk or the
// messages. Each shipped somewhere; the simulator has to find it.
type Plant string

// The bugs that can be planted.
const (
	NoPlant Plant = ""
	// PlantAckBeforeSync reports writes as durable before they are.
	PlantAckBeforeSync Plant = "ack before sync"
	// PlantForgetVote finds the term again after a crash, but not the vote.
	PlantForgetVote Plant = "vote forgotten"
	// PlantReadFromMemory lets whoever believes to lead answer reads at once.
	PlantReadFromMemory Plant = "read from memory"
	// PlantReadUnapplied serves confirmed reads before their index is applied.
	PlantReadUnapplied Plant = "read before apply"
	// PlantStaleSuffix finds entries again after a crash that were truncated.
	PlantStaleSuffix Plant = "stale suffix"
	// PlantInstallUndurable resets the log for a snapshot that is not yet durable.
	PlantInstallUndurable Plant = "snapshot installed before it is durable"
	// PlantCompactFirst compacts the log before the snapshot is durable.
	PlantCompactFirst Plant = "compacted before the snapshot is durable"
	// PlantForgetAnswers leaves out of snapshots what sessions remember.
	PlantForgetAnswers Plant = "sessions' answers not in snapshots"
	// PlantRetryTwice sends retries without their session.
	PlantRetryTwice Plant = "retry applied again"
	// PlantLocalApply lets apply depend on the node.
	PlantLocalApply Plant = "apply reads something local"
	// PlantHeartbeatCommit sends the leader's whole commit index in heartbeats.
	PlantHeartbeatCommit Plant = "heartbeat commits what was not verified"
	// PlantGrantAlways turns refused votes into granted ones.
	PlantGrantAlways Plant = "refused votes granted"
	// PlantForgedRound lets a reply to an old heartbeat confirm a new read.
	PlantForgedRound Plant = "stale reply confirms a read"
	// PlantAckTooMuch acknowledges one entry more than was appended.
	PlantAckTooMuch Plant = "acknowledges one entry too many"
	// PlantNewestMembership puts the membership in force into a snapshot, not the
	// one of its index.
	PlantNewestMembership Plant = "snapshot with a later membership"
	// PlantDamageIsAbsence takes what damage left for all there ever was.
	PlantDamageIsAbsence Plant = "damage read as absence"
	// PlantWipedVotes lets a wiped node come back as who it was, with nothing on
	// its disk.
	PlantWipedVotes Plant = "a wiped node votes"
	// PlantReceiverSeals makes the entries' checksums anew where they arrive.
	PlantReceiverSeals Plant = "the checksum is made by the receiver"
	// PlantOldVoteCounts counts replies by node: a reply of any folder's counts for
	// the one that is a voter.
	PlantOldVoteCounts Plant = "an old incarnation's vote counts"
	// PlantHalfRestore lets a node take the origin of others for its own.
	PlantHalfRestore Plant = "half a restore founds"
)

// Plants lists them all.
func Plants() []Plant {
	return []Plant{
		PlantAckBeforeSync, PlantForgetVote, PlantReadFromMemory, PlantReadUnapplied, PlantStaleSuffix,
		PlantInstallUndurable, PlantCompactFirst, PlantForgetAnswers, PlantRetryTwice, PlantLocalApply,
		PlantHeartbeatCommit, PlantGrantAlways, PlantForgedRound, PlantAckTooMuch,
		PlantNewestMembership, PlantDamageIsAbsence,
		PlantWipedVotes, PlantReceiverSeals, PlantOldVoteCounts, PlantHalfRestore,
	}
}

// plantState is what plants remember.
type plantState struct {
	tails  map[uint64][]raft.Entry // truncated from a node's log
	rounds map[uint64]uint64       // a node's last heartbeat round
}

func (w *world) planted(p Plant) bool { return w.opts.Plant == p }

// plantAtStart changes what a node finds on its disk.
func (w *world) plantAtStart(n *node) {
	switch w.opts.Plant {
	case PlantForgetVote:
		n.disk.hs.Vote = raft.None
	case PlantStaleSuffix:
		for _, e := range w.plants.tails[n.id] {
			if e.Index == n.disk.lastIndex()+1 {
				n.disk.log = append(n.disk.log, e)
			}
		}
		delete(w.plants.tails, n.id)
	}
}

// plantTruncated keeps what a truncation drops.
func (w *world) plantTruncated(n *node, index uint64) {
	e, ok := n.disk.entry(index)
	if !ok || !w.planted(PlantStaleSuffix) {
		return
	}
	tail := n.disk.log[e.Index-n.disk.log[0].Index:]
	w.plants.tails[n.id] = append([]raft.Entry(nil), tail...)
}

// plantMessage changes a message as it is sent.
func (w *world) plantMessage(from *node, m *raft.Message) {
	switch {
	case w.planted(PlantHeartbeatCommit) && m.Type == raft.MsgHeartbeat:
		m.Commit = max(m.Commit, from.eng.Commit())
	case w.planted(PlantGrantAlways) && m.Type == raft.MsgVoteResp:
		m.Reject = false
	case w.planted(PlantAckTooMuch) && m.Type == raft.MsgAppendResp && !m.Reject:
		m.Index++
	case w.planted(PlantForgedRound) && m.Type == raft.MsgHeartbeat:
		w.plants.rounds[m.From] = max(w.plants.rounds[m.From], m.Round)
	}
}

// plantDelivery changes a message as it arrives: a reply to a heartbeat of long
// ago passes for one to the newest.
func (w *world) plantDelivery(m *raft.Message) {
	if w.planted(PlantForgedRound) && m.Type == raft.MsgHeartbeatResp {
		m.Round = max(m.Round, w.plants.rounds[m.To])
	}
}

// plantApply changes what a node applies.
func (w *world) plantApply(n *node, e raft.Entry) []byte {
	if !w.planted(PlantLocalApply) || e.Index%100 != n.number {
		return e.Data
	}
	data, err := encode([]*kvpb.Command{{Op: kvpb.Command_OP_PUT, Key: []byte("local"), Value: fmt.Append(nil, n.number)}})
	if err != nil {
		w.fail("simulator", "encode: %v", err)
	}
	return data
}

// plantRetry changes a command as it is sent once more.
func (w *world) plantRetry(cl *call) *kvpb.Command {
	if !w.planted(PlantRetryTwice) || cl.attempts < 2 || cl.cmd == nil {
		return cl.cmd
	}
	again := proto.Clone(cl.cmd).(*kvpb.Command)
	again.Session, again.Sequence, again.FirstOpen = 0, 0, 0
	return again
}

// plantSnapshot changes the bytes of a snapshot that was taken.
func (w *world) plantSnapshot(data []byte) []byte {
	if !w.planted(PlantForgetAnswers) {
		return data
	}
	out, err := withoutAnswers(data)
	if err != nil {
		w.fail("simulator", "rewrite a snapshot: %v", err)
	}
	return out
}

// withoutAnswers copies a snapshot's stream but for what sessions remember.
func withoutAnswers(data []byte) ([]byte, error) {
	var out bytes.Buffer
	in := bytes.NewReader(data)
	for {
		item := &kvpb.SnapshotItem{}
		err := protodelim.UnmarshalFrom(in, item)
		if errors.Is(err, io.EOF) {
			return out.Bytes(), nil
		}
		if err != nil {
			return nil, err
		}
		if item.GetRemembered() != nil {
			continue
		}
		if t := item.GetTrailer(); t != nil {
			t.Remembered, t.Checksum = 0, xxhash.Sum64(out.Bytes())
		}
		if _, err := protodelim.MarshalTo(&out, item); err != nil {
			return nil, err
		}
	}
}
