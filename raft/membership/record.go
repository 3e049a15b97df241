package membership

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
)

// Phase says how far a folder has come on its way into a cluster.
type Phase uint8

const (
	// Empty: it belongs to no cluster, and has promised nothing to anybody. It may
	// hold a restored state (Record.Origin).
	Empty Phase = iota
	// Accepted: it takes part in a founding of which it does not know yet whether
	// all the others do.
	Accepted
	// Member: it belongs to a cluster for good.
	Member
)

// Legacy is the identity of every cluster that was founded before clusters had
// one: its nodes know each other by the cluster's name alone.
const Legacy uint64 = 1

// Record is what a folder says of its own part in a cluster. It is one value,
// stored in one write, and nobody hears of it before it is durable.
type Record struct {
	// Incarnation never changes in the life of a folder.
	Incarnation uint64
	Phase       Phase
	// Cluster is the identity of the cluster; 0 while Empty.
	Cluster uint64
	// Origin is 0 for a folder that began with nothing, and otherwise says which
	// snapshot it was restored from, and for which members (Origin).
	Origin uint64
	// Founders are engine ids, in ascending order: the first voters. A member that
	// was added later has none.
	Founders []uint64
}

// Hello is what one node tells another of itself before they talk as members.
type Hello struct {
	Node uint64
	Record
}

// ID is the engine's id of who says it.
func (h Hello) ID() uint64 { return ID(h.Node, h.Incarnation) }

// Equal compares two records; no founders are an empty list.
func (r Record) Equal(o Record) bool {
	return r.Incarnation == o.Incarnation && r.Phase == o.Phase && r.Cluster == o.Cluster &&
		r.Origin == o.Origin && slices.Equal(r.Founders, o.Founders)
}

var errRecord = errors.New("membership: not an encoded record")

// Encode gives the bytes that Decode reads: five numbers, then the founders.
func (r Record) Encode() []byte {
	b := binary.BigEndian.AppendUint64(nil, r.Incarnation)
	b = append(b, byte(r.Phase))
	b = binary.BigEndian.AppendUint64(b, r.Cluster)
	b = binary.BigEndian.AppendUint64(b, r.Origin)
	for _, id := range r.Founders {
		b = binary.BigEndian.AppendUint64(b, id)
	}
	return b
}

// Decode reads what Encode wrote; checksums are the caller's.
func Decode(b []byte) (Record, error) {
	const head = 8 + 1 + 8 + 8
	if len(b) < head || (len(b)-head)%8 != 0 || b[8] > byte(Member) {
		return Record{}, errRecord
	}
	r := Record{
		Incarnation: binary.BigEndian.Uint64(b), Phase: Phase(b[8]),
		Cluster: binary.BigEndian.Uint64(b[9:]), Origin: binary.BigEndian.Uint64(b[17:]),
	}
	for b = b[head:]; len(b) > 0; b = b[8:] {
		r.Founders = append(r.Founders, binary.BigEndian.Uint64(b))
	}
	return r, nil
}

// Identity is the number of the cluster that these founders make of that origin.
// It commits to each of them, so a founder that knows it knows all the others.
func Identity(name string, origin uint64, founders []uint64) uint64 {
	return digest("cluster", name, append([]uint64{origin}, founders...))
}

// Origin says what a restored folder began from: the same for all members that
// were restored from one snapshot's file, into one new cluster.
func Origin(name string, snapshot []byte, nodes []uint64) uint64 {
	return digest("origin"+string(snapshot), name, slices.Sorted(slices.Values(nodes)))
}

// digest is never 0, nor Legacy.
func digest(kind, name string, numbers []uint64) uint64 {
	b := binary.BigEndian.AppendUint64(nil, uint64(len(kind)))
	b = append(append(append(b, kind...), name...), 0)
	for _, n := range numbers {
		b = binary.BigEndian.AppendUint64(b, n)
	}
	sum := sha256.Sum256(b)
	return max(binary.BigEndian.Uint64(sum[:]), Legacy+1)
}
