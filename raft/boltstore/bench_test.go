package boltstore

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"raftkv/raft"
)

// BenchmarkAppend writes durably; an op is one commit.
func BenchmarkAppend(b *testing.B) {
	for _, shape := range []struct{ entries, size int }{{1, 256}, {1, 8 << 10}, {1, 256 << 10}, {32, 256}} {
		b.Run(fmt.Sprintf("entries=%d/bytes=%d", shape.entries, shape.size), func(b *testing.B) {
			s := benchStore(b)
			data := make([]byte, shape.size)
			b.SetBytes(int64(shape.entries * shape.size))
			for b.Loop() {
				entries := make([]raft.Entry, shape.entries)
				for i := range entries {
					entries[i] = raft.Entry{Index: s.Last() + 1 + uint64(i), Term: 1, Data: data}.Sealed()
				}
				require.NoError(b, s.Append(entries))
			}
		})
	}
}

func BenchmarkSetHardState(b *testing.B) {
	s := benchStore(b)
	term := uint64(1)
	for b.Loop() {
		term++
		require.NoError(b, s.SetHardState(raft.HardState{Term: term, Vote: 1}))
	}
}

// BenchmarkOpen reads and verifies 10,000 entries of 1 KiB.
func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	s, _ := reopen(b, dir, raft.SnapshotMeta{})
	require.NoError(b, s.SetHardState(raft.HardState{Term: 1}))
	entries := run(1, 10_000, 1)
	for i := range entries {
		entries[i].Data = make([]byte, 1<<10)
		entries[i] = entries[i].Sealed()
	}
	require.NoError(b, s.Append(entries))
	require.NoError(b, s.Close())
	for b.Loop() {
		s, err := Open(options(dir))
		require.NoError(b, err)
		require.NoError(b, s.Close())
	}
}

func benchStore(b *testing.B) *Store {
	o := options(b.TempDir())
	o.NoSync = false
	s, err := Open(o)
	require.NoError(b, err)
	b.Cleanup(func() { _ = s.Close() })
	_, err = s.Recover(raft.SnapshotMeta{})
	require.NoError(b, err)
	require.NoError(b, s.SetHardState(raft.HardState{Term: 1}))
	return s
}
