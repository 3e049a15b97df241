package boltstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	hraft "github.com/hashicorp/raft"

	"raftkv/raft"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var errChecksum = errors.New("checksum does not match")

// toLog stores the entry's checksum as it was given, and makes none: it would
// vouch for bytes that may have changed since. AppendedAt stays zero, as the
// engine has no clock.
func toLog(e raft.Entry) *hraft.Log {
	return &hraft.Log{
		Index:      e.Index,
		Term:       e.Term,
		Type:       hraft.LogType(e.Type),
		Data:       e.Data,
		Extensions: binary.BigEndian.AppendUint32(nil, e.Sum),
	}
}

func fromLog(l *hraft.Log) (raft.Entry, error) {
	e := raft.Entry{Index: l.Index, Term: l.Term, Type: raft.EntryType(l.Type)}
	if len(l.Data) > 0 {
		e.Data = l.Data
	}
	if len(l.Extensions) != 4 {
		return raft.Entry{}, errChecksum
	}
	if e.Sum = binary.BigEndian.Uint32(l.Extensions); !e.Intact() {
		return raft.Entry{}, errChecksum
	}
	return e, nil
}

// seal appends a checksum; unseal verifies and removes it.
func seal(b []byte) []byte {
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

func unseal(b []byte) ([]byte, error) {
	n := len(b) - 4
	if n < 0 || binary.BigEndian.Uint32(b[n:]) != crc32.Checksum(b[:n], castagnoli) {
		return nil, errChecksum
	}
	return b[:n], nil
}

func encodeHardState(hs raft.HardState) []byte {
	b := binary.BigEndian.AppendUint64(nil, hs.Term)
	return seal(binary.BigEndian.AppendUint64(b, hs.Vote))
}

func decodeHardState(b []byte) (raft.HardState, error) {
	b, err := unseal(b)
	if err != nil || len(b) != 16 {
		return raft.HardState{}, fmt.Errorf("hard state: %w", errChecksum)
	}
	return raft.HardState{Term: binary.BigEndian.Uint64(b), Vote: binary.BigEndian.Uint64(b[8:])}, nil
}

// formatVersion goes up with every change that an older version would misread.
// Since 2 a folder says which incarnation of its node it is (key membership); 1
// had the founders alone, and is brought up to date when it is opened.
const (
	formatVersion   = 2
	foundersVersion = 1
)

// identity says whose file it is. Its format comes first and its checksum last
// in every version; only what lies between may change.
type identity struct {
	format  uint32
	node    uint64
	cluster string
}

func (id identity) encode() []byte {
	b := binary.BigEndian.AppendUint32(nil, id.format)
	b = binary.BigEndian.AppendUint64(b, id.node)
	return seal(append(b, id.cluster...))
}

// formatOf reads the format out of an encoded identity.
func formatOf(encoded []byte) (uint32, error) {
	b, err := unseal(encoded)
	if err != nil || len(b) < 4 {
		return 0, fmt.Errorf("%w: identity: %w", ErrCorrupt, errChecksum)
	}
	return binary.BigEndian.Uint32(b), nil
}

// verify says whether an encoded identity is this one.
func (id identity) verify(encoded []byte) error {
	b, err := unseal(encoded)
	switch {
	case err != nil || len(b) < 4:
		return fmt.Errorf("%w: identity: %w", ErrCorrupt, errChecksum)
	case binary.BigEndian.Uint32(b) > id.format:
		return fmt.Errorf("%w (its format is %d, this version's %d)", ErrNewerFormat, binary.BigEndian.Uint32(b), id.format)
	case len(b) < 12:
		return fmt.Errorf("%w: identity is cut short", ErrCorrupt)
	case string(b[12:]) != id.cluster:
		return fmt.Errorf("%w (it is %q, not %q)", ErrWrongCluster, b[12:], id.cluster)
	case binary.BigEndian.Uint64(b[4:]) != id.node:
		return fmt.Errorf("%w (it is node %d, not %d)", ErrWrongNode, binary.BigEndian.Uint64(b[4:]), id.node)
	}
	return nil
}
