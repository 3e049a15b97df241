package boltstore

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"raftkv/raft"
)

// scrubAll reads everything in small pieces.
func scrubAll(s *Store) (read int, err error) {
	for from := uint64(1); from != 0; {
		next, n, err := s.Scrub(from, 20)
		if err != nil {
			return read, err
		}
		from, read = next, read+n
	}
	return read, nil
}

func TestScrubReadsEveryEntryOnce(t *testing.T) {
	s, _ := fresh(t, 1)
	read, err := scrubAll(s)
	require.NoError(t, err)
	assert.Zero(t, read)
	want := 0
	for _, e := range run(1, 50, 1) {
		want += len(e.Data)
	}
	require.NoError(t, s.Append(run(1, 50, 1)))
	read, err = scrubAll(s)
	require.NoError(t, err)
	assert.Equal(t, want, read)
}

func TestScrubFindsAFlippedBitInAnOpenFile(t *testing.T) {
	for name, what := range map[string]string{"entry": "44 in 1", "hard state": string(encodeHardState(raft.HardState{Term: 1}))} {
		t.Run(name, func(t *testing.T) {
			s, dir := fresh(t, 1)
			require.NoError(t, s.Append(run(1, 50, 1)))
			flipEvery(t, filepath.Join(dir, fileName), what)
			_, err := scrubAll(s)
			require.ErrorIs(t, err, ErrCorrupt)
			require.NotContains(t, err.Error(), "\n")
		})
	}
}

// flipEvery turns a bit in every copy of what in a file that is in use.
func flipEvery(t *testing.T, path, what string) {
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	for i := range len(b) - len(what) {
		if string(b[i:i+len(what)]) == what {
			_, err := f.WriteAt([]byte{b[i] ^ 1}, int64(i))
			require.NoError(t, err)
		}
	}
}

// What the writer takes away meanwhile is no damage.
func TestScrubBesideAWriterFindsNothing(t *testing.T) {
	s, _ := fresh(t, 1)
	require.NoError(t, s.Append(run(1, 100, 1)))
	done := make(chan error, 1)
	stop := make(chan struct{})
	go func() {
		for {
			select {
			case <-stop:
				done <- nil
				return
			default:
			}
			if _, err := scrubAll(s); err != nil {
				done <- err
				return
			}
		}
	}()
	for i := range uint64(60) {
		last := s.Last()
		require.NoError(t, s.Append(run(last-20, last+20, 1)), "a truncation and an append")
		_, err := s.CompactChunk(s.First() + i%30)
		require.NoError(t, err)
	}
	require.NoError(t, s.Reset(snapshotAt(s.Last()+10, 1)))
	close(stop)
	require.NoError(t, <-done)
}
