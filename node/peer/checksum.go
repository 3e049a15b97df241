package peer

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"raftkv/raft"
)

// ErrCorrupt reports a frame that is not the one that was sent: a checksum does
// not match, or is missing. Nothing of the frame was used.
var ErrCorrupt = errors.New("peer: a frame was changed on its way")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// scratch holds the bytes to be summed.
var scratch = sync.Pool{New: func() any { return new([]byte) }}

// sumOf gives the CRC32C of what write appends.
func sumOf(write func(b []byte) []byte) uint32 {
	buf := scratch.Get().(*[]byte)
	*buf = write((*buf)[:0])
	sum := crc32.Checksum(*buf, castagnoli)
	scratch.Put(buf)
	return sum
}

// headSum covers all of a message but the data of its entries, which their own
// sums cover.
func headSum(m *raft.Message) uint32 {
	return sumOf(func(b []byte) []byte {
		b = numbers(b, uint64(m.Type), m.From, m.To, m.Term, m.Index, m.LogTerm, m.Commit, m.HintIndex, m.HintTerm,
			m.Round, m.ReadID, m.Promise, uint64(len(m.Entries)))
		b = flags(b, m.Reject, m.Transfer, m.Lost, m.ByLease, m.Snapshot != nil)
		for i := range m.Entries {
			e := &m.Entries[i]
			b = append(numbers(b, e.Index, e.Term), byte(e.Type))
			b = binary.BigEndian.AppendUint32(b, e.Sum)
		}
		return appendMeta(b, m.Snapshot)
	})
}

func appendMeta(b []byte, s *raft.SnapshotMeta) []byte {
	if s == nil {
		return b
	}
	c := &s.Conf
	b = numbers(b, s.Index, s.Term, uint64(len(c.Voters)), uint64(len(c.VotersOutgoing)), uint64(len(c.Learners)), uint64(len(c.Context)))
	b = numbers(numbers(numbers(b, c.Voters...), c.VotersOutgoing...), c.Learners...)
	return append(b, c.Context...)
}

func numbers(b []byte, vs ...uint64) []byte {
	for _, v := range vs {
		b = binary.BigEndian.AppendUint64(b, v)
	}
	return b
}

func flags(b []byte, fs ...bool) []byte {
	for _, f := range fs {
		bit := byte(0)
		if f {
			bit = 1
		}
		b = append(b, bit)
	}
	return b
}

func digestSum(d Digest) uint32 {
	return sumOf(func(b []byte) []byte { return numbers(b, d.Index, d.Digest) })
}

func heldSum(bytes uint64) uint32 {
	return sumOf(func(b []byte) []byte { return numbers(b, bytes) })
}

func chunkSum(offset uint64, data []byte) uint32 {
	return crc32.Update(heldSum(offset), castagnoli, data)
}

// greetingSum covers the keys and values of a stream's greeting, in order.
func greetingSum(pairs []string) uint32 {
	return sumOf(func(b []byte) []byte {
		for _, s := range pairs {
			b = append(numbers(b, uint64(len(s))), s...)
		}
		return b
	})
}

// matches says whether a checksum is there and right.
func matches(got *uint32, want uint32) bool { return got != nil && *got == want }

// statusOf is what ends a stream: the sender of a changed frame dials anew.
func statusOf(err error) error {
	if errors.Is(err, ErrCorrupt) {
		return status.Error(codes.DataLoss, err.Error())
	}
	return status.Error(codes.InvalidArgument, err.Error())
}

// undecodable says whether Recv failed on a frame that is no protobuf message at
// all, or of a size that no node sends. A connection that is cut ends otherwise.
func undecodable(err error) bool {
	c := status.Code(err)
	return c == codes.Internal || c == codes.ResourceExhausted
}
