package snapshot

import (
	"errors"
	"io"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"raftkv/raft"
)

func TestScrubVerifiesTheNewestSnapshotAtItsReadersPace(t *testing.T) {
	d, err := Open(t.TempDir(), "c")
	require.NoError(t, err)
	read := 0
	pace := func(n int) error { read += n; return nil }
	require.NoError(t, d.Scrub(pace), "there is none")
	meta := raft.SnapshotMeta{Index: 5, Term: 2, Conf: raft.ConfState{Voters: []uint64{1}}}
	info, err := d.Create(meta, func(w io.Writer) error { _, err := w.Write([]byte("state")); return err })
	require.NoError(t, err)
	require.NoError(t, d.Scrub(pace))
	require.EqualValues(t, info.Bytes, read)

	enough := errors.New("enough")
	require.ErrorIs(t, d.Scrub(func(int) error { return enough }), enough)

	b, err := os.ReadFile(info.Path)
	require.NoError(t, err)
	b[len(b)/2] ^= 1
	require.NoError(t, os.WriteFile(info.Path, b, 0o600))
	require.ErrorIs(t, d.Scrub(pace), ErrCorrupt)
}
