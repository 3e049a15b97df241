package boltstore

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"raftkv/raft"
)

// FuzzDamagedFile damages a good file: bytes flipped anywhere, and its end cut
// off. What is left is refused by name, or read exactly as it was written.
func FuzzDamagedFile(f *testing.F) {
	pristine, written := goodFile(f)
	f.Add([]byte{}, uint32(0))
	f.Add([]byte{0, 16, 1}, uint32(0))
	f.Add([]byte{16, 16, 255}, uint32(0))
	f.Add([]byte{32, 80, 1, 33, 0, 7}, uint32(0))
	f.Add([]byte{}, uint32(4096))
	f.Fuzz(func(t *testing.T, flips []byte, cut uint32) {
		data := damage(pristine, flips, cut)
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, fileName), data, 0o600))
		s, err := Open(options(dir))
		if err != nil {
			refused(t, err)
			return
		}
		defer func() { require.NoError(t, s.Close()) }()
		r, err := s.Recover(raft.SnapshotMeta{})
		if err != nil {
			refused(t, err)
			return
		}
		require.Equal(t, written, r, "read, but not as it was written")
	})
}

// goodFile is a store's file, and what it holds.
func goodFile(f *testing.F) ([]byte, Recovered) {
	s, dir := fresh(f, 3)
	require.NoError(f, s.Append(run(1, 40, 2)))
	require.NoError(f, s.Append(run(41, 60, 3)))
	require.NoError(f, s.SetHardState(raft.HardState{Term: 4, Vote: 2}))
	require.NoError(f, s.Append(run(61, 62, 4)))
	require.NoError(f, s.Close())
	data, err := os.ReadFile(filepath.Join(dir, fileName))
	require.NoError(f, err)
	all := join(run(1, 40, 2), run(41, 60, 3), run(61, 62, 4))
	return data, Recovered{HardState: raft.HardState{Term: 4, Vote: 2}, Entries: all, First: 1, Last: 62}
}

// damage flips bits: two bytes say where, one which. cut bytes go from the end.
func damage(pristine, flips []byte, cut uint32) []byte {
	data := append([]byte(nil), pristine...)
	for ; len(flips) >= 3; flips = flips[3:] {
		at := int(binary.BigEndian.Uint16(flips)) % len(data)
		data[at] ^= flips[2]
	}
	return data[:len(data)-int(cut)%len(data)]
}

func refused(t *testing.T, err error) {
	for _, want := range []error{ErrCorrupt, ErrNewerFormat, ErrWrongNode, ErrWrongCluster} {
		if errors.Is(err, want) {
			return
		}
	}
	t.Fatalf("refused, but not by name: %v", err)
}
