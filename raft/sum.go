package raft

import (
	"encoding/binary"
	"hash/crc32"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// EntrySum is the checksum that belongs in an entry's Sum: CRC32C over its term
// and its index (8 bytes each, big-endian), its type (one byte) and its data.
func EntrySum(e *Entry) uint32 {
	var head [17]byte
	binary.BigEndian.PutUint64(head[0:], e.Term)
	binary.BigEndian.PutUint64(head[8:], e.Index)
	head[16] = byte(e.Type)
	// By hand, as what is given to crc32 goes to the heap.
	crc := ^uint32(0)
	for _, b := range head {
		crc = castagnoli[byte(crc)^b] ^ crc>>8
	}
	return crc32.Update(^crc, castagnoli, e.Data)
}

// Intact says whether the entry is still the one that its Sum was made of.
func (e *Entry) Intact() bool { return e.Sum == EntrySum(e) }

// Sealed is the entry with its Sum. Only who makes an entry may seal it: whoever
// did so with one that he was given would vouch for what he has not seen made.
func (e Entry) Sealed() Entry {
	e.Sum = EntrySum(&e)
	return e
}
