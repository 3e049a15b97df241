package boltstore

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"os"
)

// bbolt's layout: pages 0 and 1 are two copies of one record, written in turn;
// the one of the last commit counts. A record follows its page's header.
const (
	metaMagic    = 0xED0CDAED
	pageHeader   = 16
	metaBytes    = 64 // the last eight are FNV-1a of those before
	metaSumAt    = metaBytes - 8
	metaPageSize = 8 // where in the record the page size stands
)

// verifyMeta refuses a file of which one meta page is damaged. bbolt would go
// back to the other without a word, and the last commit, whose entries may have
// been acknowledged, would be gone.
//
// A crash does not get here: the record lies in the first sector of its page,
// and a sector is written whole or not at all. A device that tears sectors would
// make us refuse a commit that was never acknowledged: a node to replace, and
// nothing lost. The caller holds the file's lock.
func verifyMeta(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	size, err := readMeta(f, 0, 0)
	if err == nil {
		_, err = readMeta(f, 1, int64(size))
	}
	return err
}

// readMeta verifies the record of one meta page, and returns the page size.
func readMeta(f *os.File, page int, at int64) (uint32, error) {
	b := make([]byte, metaBytes)
	if _, err := f.ReadAt(b, at+pageHeader); err != nil {
		return 0, fmt.Errorf("%w: meta page %d: %w", ErrCorrupt, page, err)
	}
	h := fnv.New64a()
	_, _ = h.Write(b[:metaSumAt]) // a hash takes everything
	if binary.NativeEndian.Uint32(b) != metaMagic || binary.NativeEndian.Uint64(b[metaSumAt:]) != h.Sum64() {
		return 0, fmt.Errorf("%w: meta page %d does not match its checksum, and the last write may be lost with it", ErrCorrupt, page)
	}
	return binary.NativeEndian.Uint32(b[metaPageSize:]), nil
}
