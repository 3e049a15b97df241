package raft

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

const (
	// confVersion is the first byte of an encoded membership.
	confVersion = 1
	// maxConfContext bounds what the caller may say of the members, in bytes.
	maxConfContext = 64 << 10
)

// ErrBadConfState is wrapped by the errors of DecodeConfState.
var ErrBadConfState = errors.New("raft: not an encoded membership")

// EncodeConfState is the data of an EntryConfChange: a version, each set as a
// count and its ids in ascending order, and the context with its length.
func EncodeConfState(c ConfState) []byte {
	b := []byte{confVersion}
	for _, set := range [][]uint64{c.Voters, c.VotersOutgoing, c.Learners} {
		b = binary.AppendUvarint(b, uint64(len(set)))
		for _, id := range slices.Sorted(slices.Values(set)) {
			b = binary.AppendUvarint(b, id)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(c.Context)))
	return append(b, c.Context...)
}

// DecodeConfState reads what EncodeConfState wrote and takes nothing else: all
// nodes must read the same membership out of an entry, or none.
func DecodeConfState(data []byte) (ConfState, error) {
	if len(data) == 0 || data[0] != confVersion {
		return ConfState{}, fmt.Errorf("%w: no version %d", ErrBadConfState, confVersion)
	}
	var c ConfState
	rest, ok := data[1:], true
	for _, set := range []*[]uint64{&c.Voters, &c.VotersOutgoing, &c.Learners} {
		if *set, rest, ok = decodeSet(rest); !ok {
			return ConfState{}, fmt.Errorf("%w: it ends too early", ErrBadConfState)
		}
	}
	_, rest, ok = decodeNumber(rest)
	if !ok || len(rest) > maxConfContext {
		return ConfState{}, fmt.Errorf("%w: its context is missing or of %d bytes", ErrBadConfState, len(rest))
	}
	if len(rest) > 0 {
		c.Context = slices.Clone(rest)
	}
	if err := c.validate(); err != nil {
		return ConfState{}, fmt.Errorf("%w: %w", ErrBadConfState, err)
	}
	// Every other spelling, trailing bytes and wrong lengths among them.
	if !bytes.Equal(EncodeConfState(c), data) {
		return ConfState{}, fmt.Errorf("%w: not in its one form", ErrBadConfState)
	}
	return c, nil
}

// decodeSet reads a count and that many ids; nil if there are none.
func decodeSet(b []byte) (set []uint64, rest []byte, ok bool) {
	count, b, ok := decodeNumber(b)
	if !ok || count > uint64(len(b)) { // an id takes a byte at least
		return nil, b, false
	}
	for range count {
		var id uint64
		if id, b, ok = decodeNumber(b); !ok {
			return nil, b, false
		}
		set = append(set, id)
	}
	return set, b, true
}

func decodeNumber(b []byte) (v uint64, rest []byte, ok bool) {
	v, n := binary.Uvarint(b)
	if n <= 0 {
		return 0, b, false
	}
	return v, b[n:], true
}
