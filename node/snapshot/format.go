package snapshot

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"slices"

	"raftkv/raft"
)

const (
	magic         = "RAFTKVSN"
	formatVersion = 1
	prefixLen     = len(magic) + 4 + 4
	trailerLen    = 8 + 4
	// maxHeader bounds what a damaged length can make a reader allocate.
	maxHeader = 1 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// header says what a file's state is; people can read it in the file.
type header struct {
	Cluster        string   `json:"cluster"`
	Index          uint64   `json:"index"`
	Term           uint64   `json:"term"`
	Voters         []uint64 `json:"voters"`
	VotersOutgoing []uint64 `json:"voters_outgoing,omitempty"`
	Learners       []uint64 `json:"learners,omitempty"`
	// Context is the membership's own, the members' addresses.
	Context []byte `json:"context,omitempty"`
}

func newHeader(cluster string, m raft.SnapshotMeta) header {
	return header{
		Cluster: cluster, Index: m.Index, Term: m.Term,
		Voters: m.Conf.Voters, VotersOutgoing: m.Conf.VotersOutgoing, Learners: m.Conf.Learners, Context: m.Conf.Context,
	}
}

func (h header) meta() raft.SnapshotMeta {
	return raft.SnapshotMeta{Index: h.Index, Term: h.Term, Conf: raft.ConfState{
		Voters: h.Voters, VotersOutgoing: h.VotersOutgoing, Learners: h.Learners, Context: h.Context,
	}}
}

// sameMeta compares what the metas mean: no list is an empty list.
func sameMeta(a, b raft.SnapshotMeta) bool {
	return a.Index == b.Index && a.Term == b.Term &&
		slices.Equal(a.Conf.Voters, b.Conf.Voters) &&
		slices.Equal(a.Conf.VotersOutgoing, b.Conf.VotersOutgoing) &&
		slices.Equal(a.Conf.Learners, b.Conf.Learners) &&
		bytes.Equal(a.Conf.Context, b.Conf.Context)
}

func (h header) encode() ([]byte, error) {
	body, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	b := binary.BigEndian.AppendUint32([]byte(magic), formatVersion)
	b = binary.BigEndian.AppendUint32(b, uint32(len(body)))
	return append(b, body...), nil
}

// readHeader reads the header of a file whose checksum was found good, and says
// how long it was. Magic, format and trailer mean the same in every version.
func readHeader(r io.Reader) (h header, size int64, err error) {
	b := make([]byte, prefixLen)
	if _, err := io.ReadFull(r, b); err != nil || string(b[:len(magic)]) != magic {
		return header{}, 0, fmt.Errorf("%w: it does not start as one", ErrCorrupt)
	}
	if v := binary.BigEndian.Uint32(b[len(magic):]); v > formatVersion {
		return header{}, 0, fmt.Errorf("%w (its format is %d, this version's %d)", ErrNewerFormat, v, formatVersion)
	}
	n := binary.BigEndian.Uint32(b[len(magic)+4:])
	if n > maxHeader {
		return header{}, 0, fmt.Errorf("%w: a header of %d bytes", ErrCorrupt, n)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(r, body); err != nil {
		return header{}, 0, fmt.Errorf("%w: header: %w", ErrCorrupt, err)
	}
	if err := json.Unmarshal(body, &h); err != nil {
		return header{}, 0, fmt.Errorf("%w: header: %w", ErrCorrupt, err)
	}
	return h, int64(prefixLen) + int64(n), nil
}

// summer passes bytes on and keeps their sum and number.
type summer struct {
	w   io.Writer
	crc uint32
	n   uint64
}

func (s *summer) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	s.crc = crc32.Update(s.crc, castagnoli, p[:n])
	s.n += uint64(n)
	return n, err
}

// writeTrailer ends a file: the length is itself under the checksum.
func (s *summer) writeTrailer() error {
	if _, err := s.Write(binary.BigEndian.AppendUint64(nil, s.n)); err != nil {
		return err
	}
	_, err := s.Write(binary.BigEndian.AppendUint32(nil, s.crc))
	return err
}

// verifyTrailer reads all of a file of the given size and checks its end.
func verifyTrailer(r io.Reader, size int64) error {
	if size < int64(trailerLen) {
		return fmt.Errorf("%w: %d bytes are too few", ErrCorrupt, size)
	}
	sum := &summer{w: io.Discard}
	if _, err := io.CopyN(sum, r, size-trailerLen); err != nil {
		return fmt.Errorf("read: %w", err)
	}
	length := sum.n
	var end [trailerLen]byte
	if _, err := io.ReadFull(r, end[:]); err != nil {
		return fmt.Errorf("read: %w", err)
	}
	_, _ = sum.Write(end[:8])
	if binary.BigEndian.Uint64(end[:]) != length || binary.BigEndian.Uint32(end[8:]) != sum.crc {
		return fmt.Errorf("%w: checksum or length does not match", ErrCorrupt)
	}
	return nil
}
