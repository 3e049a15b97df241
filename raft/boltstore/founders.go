package boltstore

import (
	"encoding/binary"
	"fmt"
)

// keyFounders holds the membership that the cluster began with. It is written
// with the file and never again, so that no later flag changes what a majority is.
var keyFounders = []byte("founders")

func encodeFounders(ids []uint64) []byte {
	var b []byte
	for _, id := range ids {
		b = binary.BigEndian.AppendUint64(b, id)
	}
	return seal(b)
}

func decodeFounders(b []byte) ([]uint64, error) {
	b, err := unseal(b)
	if err != nil || len(b)%8 != 0 {
		return nil, fmt.Errorf("founders: %w", errChecksum)
	}
	var ids []uint64
	for ; len(b) > 0; b = b[8:] {
		ids = append(ids, binary.BigEndian.Uint64(b))
	}
	return ids, nil
}

// Founders are the voters that Options named when the folder was made. They are
// in force until a snapshot or an entry says otherwise.
func (s *Store) Founders() []uint64 { return s.founders }
