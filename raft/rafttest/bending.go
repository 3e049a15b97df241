package rafttest

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"

	"raftkv/raft"
)

// bentFault is named by tests that go after bits that change on their way.
const bentFault = "bent messages"

// frame is a message on the wire. The checksums are the sender's; they are only
// made for messages that are about to be bent, as for all others they agree.
type frame struct {
	raft.Message
	connection, epoch int
	bent              bool
	head              uint32
	sums              []uint32 // of the entries
}

// bendRate is how many of the messages on a link are bent while it bends them.
const bendRate = 0.05

// wire puts a message into its frame, and may change a bit of it.
func (nt *network) wire(l *link, m raft.Message) frame {
	f := frame{Message: m, connection: l.connection, epoch: nt.w.node(m.From).epoch}
	if l.bends > 0 && nt.w.netDice.chance(bendRate) {
		nt.bent++
		f.bent, f.head, f.sums = true, headSum(&m), entrySums(m.Entries)
		f.bend(nt.w.netDice)
	}
	return f
}

// bend changes one bit: of an entry, if there is one, or of the head.
func (f *frame) bend(d dice) {
	if len(f.Entries) > 0 && d.chance(0.7) {
		f.Entries = slices.Clone(f.Entries)
		bendEntry(d, &f.Entries[d.IntN(len(f.Entries))])
		return
	}
	m := &f.Message
	if d.chance(0.1) {
		m.Reject = !m.Reject
		return
	}
	field := choose(d, &m.Term, &m.Index, &m.LogTerm, &m.Commit, &m.From, &m.HintIndex, &m.HintTerm, &m.Round, &m.ReadID)
	*field ^= 1 << d.IntN(64)
}

// bendEntry changes a bit of an entry's data, or else of its head.
func bendEntry(d dice, e *raft.Entry) {
	switch {
	case len(e.Data) > 0 && d.chance(0.8):
		e.Data = slices.Clone(e.Data)
		e.Data[d.IntN(len(e.Data))] ^= 1 << d.IntN(8)
	case d.chance(0.5):
		e.Term ^= 1 << d.IntN(8)
	default:
		e.Index ^= 1 << d.IntN(8)
	}
}

// whole verifies what arrived against the sender's checksums.
func (f *frame) whole(entries bool) bool {
	return f.head == headSum(&f.Message) && (!entries || slices.Equal(f.sums, entrySums(f.Entries)))
}

// refuses drops what was bent and breaks that connection, with all that is on its
// way there; a snapshot has a stream of its own. The sender notices.
func (nt *network) refuses(from *node, f *frame) bool {
	l := nt.link(from.number, f.To)
	if f.connection != l.connection && f.Type != raft.MsgSnapshot {
		return true
	}
	if !f.bent || f.whole(!nt.w.planted(PlantReceiverSeals)) {
		return false
	}
	l.connection++
	nt.w.note(record{node: f.To, step: stepBent, msg: bare(f.Message), n: len(f.Entries)})
	if from.epoch == f.epoch {
		from.after(nt.delay(raft.Message{}), func() { from.connectionBroke(f) })
	}
	return true
}

func (n *node) connectionBroke(f *frame) {
	if f.Type == raft.MsgSnapshot {
		n.reportSnapshot(f.To, false)
		return
	}
	n.eng.ReportUnreachable(f.To)
	n.wake()
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// headSum covers all that a message says but its entries, which have their own.
func headSum(m *raft.Message) uint32 {
	var b []byte
	for _, v := range [...]uint64{
		uint64(m.Type), m.From, m.To, m.Term, m.Index, m.LogTerm, m.Commit, m.HintIndex, m.HintTerm, m.Round, m.ReadID, m.Promise,
		number(m.Reject), number(m.Transfer), number(m.ByLease), number(m.Lost), uint64(len(m.Entries)),
	} {
		b = binary.BigEndian.AppendUint64(b, v)
	}
	return crc32.Checksum(b, castagnoli)
}

func entrySums(entries []raft.Entry) (sums []uint32) {
	for _, e := range entries {
		b := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, e.Term), e.Index)
		sums = append(sums, crc32.Checksum(append(append(b, byte(e.Type)), e.Data...), castagnoli))
	}
	return sums
}

// bendSome has some links bend a bit now and then.
func (ne *nemesis) bendSome() (string, func()) {
	var links [][2]uint64
	p := choose(ne.dice, 0.2, 0.5, 1)
	for _, a := range ne.w.members {
		for _, b := range ne.w.members {
			if a != b && ne.dice.chance(p) {
				links = append(links, [2]uint64{a, b})
				ne.w.net.link(a, b).bends++
			}
		}
	}
	return fmt.Sprint(links), func() {
		for _, l := range links {
			ne.w.net.link(l[0], l[1]).bends--
		}
	}
}
