package snapshot

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"raftkv/raft"
)

const cluster = "test"

func meta(index, term uint64) raft.SnapshotMeta {
	return raft.SnapshotMeta{Index: index, Term: term, Conf: raft.ConfState{
		Voters: []uint64{1, 2, 3}, VotersOutgoing: []uint64{1, 2, 4}, Learners: []uint64{5},
	}}
}

// state is what the snapshot at index holds in these tests.
func state(index uint64) []byte {
	rnd := rand.New(rand.NewPCG(index, 0))
	b := make([]byte, 3000+index)
	for i := range b[:len(b)/2] { // the other half compresses well
		b[i] = byte(rnd.Uint32())
	}
	return b
}

func writeState(index uint64) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(state(index))
		return err
	}
}

func openDir(t testing.TB) *Dir {
	t.Helper()
	d, err := Open(t.TempDir(), cluster)
	require.NoError(t, err)
	return d
}

func create(t testing.TB, d *Dir, index, term uint64) Info {
	t.Helper()
	info, err := d.Create(meta(index, term), writeState(index))
	require.NoError(t, err)
	return info
}

func readState(t testing.TB, d *Dir, m raft.SnapshotMeta) []byte {
	t.Helper()
	r, err := d.OpenReader(m)
	require.NoError(t, err)
	b, err := io.ReadAll(r)
	require.NoError(t, err)
	require.NoError(t, r.Close())
	return b
}

func rawBytes(t testing.TB, d *Dir, m raft.SnapshotMeta) []byte {
	t.Helper()
	r, size, err := d.OpenRaw(m)
	require.NoError(t, err)
	b, err := io.ReadAll(r)
	require.NoError(t, err)
	require.NoError(t, r.Close())
	require.EqualValues(t, size, len(b))
	return b
}

// files lists the folder.
func files(t testing.TB, d *Dir) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(d.path)
	require.NoError(t, err)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestASnapshotIsReadAsItWasWritten(t *testing.T) {
	d := openDir(t)
	_, some, err := d.Latest()
	require.NoError(t, err)
	assert.False(t, some)

	info := create(t, d, 100, 3)
	assert.Equal(t, meta(100, 3), info.Meta)
	assert.Equal(t, filepath.Join(d.path, "0000000000000064-0000000000000003.snap"), info.Path)
	onDisk, err := os.Stat(info.Path)
	require.NoError(t, err)
	assert.Equal(t, onDisk.Size(), info.Bytes)
	assert.Less(t, info.Bytes, int64(len(state(100))), "it is compressed")

	latest, some, err := d.Latest()
	require.NoError(t, err)
	assert.True(t, some)
	assert.Equal(t, info, latest)
	assert.True(t, bytes.Equal(state(100), readState(t, d, meta(100, 3))))
}

func TestAnEmptyStateIsAState(t *testing.T) {
	d := openDir(t)
	m := raft.SnapshotMeta{Index: 1, Term: 1}
	_, err := d.Create(m, func(io.Writer) error { return nil })
	require.NoError(t, err)
	assert.Empty(t, readState(t, d, m))
	latest, _, err := d.Latest()
	require.NoError(t, err)
	assert.Equal(t, m, latest.Meta)
}

func TestLatestIsTheOneOfTheHighestIndex(t *testing.T) {
	d := openDir(t)
	for _, m := range []raft.SnapshotMeta{meta(9, 9), meta(300, 2), meta(300, 4), meta(20, 5), meta(300, 3)} {
		create(t, d, m.Index, m.Term)
	}
	for _, name := range []string{"notes.txt", "zz.snap", "ffff-1.snap", "ffffffffffffffff-0000000000000001.snap.bak"} {
		require.NoError(t, os.WriteFile(filepath.Join(d.path, name), []byte("not ours"), 0o600))
	}
	latest, _, err := d.Latest()
	require.NoError(t, err)
	assert.Equal(t, meta(300, 4), latest.Meta)
}

func TestRetainKeepsTheNewest(t *testing.T) {
	d := openDir(t)
	for index := uint64(1); index <= 5; index++ {
		create(t, d, index, 1)
	}
	require.NoError(t, d.Retain(9, raft.SnapshotMeta{}))
	assert.Len(t, files(t, d), 5)
	reading, _, err := d.OpenRaw(meta(1, 1))
	require.NoError(t, err)
	require.NoError(t, d.Retain(2, raft.SnapshotMeta{}))
	assert.Equal(t, []string{"0000000000000004-0000000000000001.snap", "0000000000000005-0000000000000001.snap"}, files(t, d))
	_, err = io.Copy(io.Discard, reading)
	require.NoError(t, err, "what is being sent stays readable")
	require.NoError(t, reading.Close())
	require.NoError(t, d.Retain(0, raft.SnapshotMeta{}))
	assert.Len(t, files(t, d), 1, "one is always kept")
	_, err = d.OpenReader(meta(1, 1))
	require.ErrorIs(t, err, ErrNotFound)
}

func TestASnapshotTravelsToAPeer(t *testing.T) {
	from, to := openDir(t), openDir(t)
	sent := create(t, from, 100, 3)
	in, err := to.Receive(meta(100, 3))
	require.NoError(t, err)
	for chunk := range slices.Chunk(rawBytes(t, from, meta(100, 3)), 100) {
		_, err := in.Write(chunk)
		require.NoError(t, err)
	}
	_, some, err := to.Latest()
	require.NoError(t, err)
	assert.False(t, some, "it is not there before it is whole")
	got, err := in.Commit()
	require.NoError(t, err)
	require.NoError(t, in.Abort(), "after Commit it does nothing")
	assert.Equal(t, sent.Bytes, got.Bytes)
	latest, _, err := to.Latest()
	require.NoError(t, err)
	assert.Equal(t, got, latest)
	assert.True(t, bytes.Equal(state(100), readState(t, to, meta(100, 3))))
}

func receive(d *Dir, m raft.SnapshotMeta, b []byte) error {
	in, err := d.Receive(m)
	if err != nil {
		return err
	}
	if _, err := in.Write(b); err != nil {
		return errors.Join(err, in.Abort())
	}
	_, err = in.Commit()
	return err
}

func TestReceiveRefusesWhatWasNotAnnounced(t *testing.T) {
	d, to := openDir(t), openDir(t)
	create(t, d, 100, 3)
	raw := rawBytes(t, d, meta(100, 3))
	other := meta(100, 3)
	other.Conf.Voters = []uint64{1, 2, 9}
	for _, m := range []raft.SnapshotMeta{meta(101, 3), meta(100, 4), other} {
		require.ErrorIs(t, receive(to, m, raw), ErrCorrupt)
	}
	stranger, err := Open(t.TempDir(), "prod")
	require.NoError(t, err)
	require.ErrorIs(t, receive(stranger, meta(100, 3), raw), ErrWrongCluster)
	assert.Empty(t, files(t, to))
	assert.Empty(t, files(t, stranger))

	in, err := to.Receive(meta(100, 3))
	require.NoError(t, err)
	require.NoError(t, in.Abort())
	require.NoError(t, in.Abort())
	assert.Empty(t, files(t, to))
}

func TestOpenRefusesAnotherCluster(t *testing.T) {
	d := openDir(t)
	create(t, d, 100, 3)
	other, err := Open(filepath.Dir(d.path), "prod")
	require.NoError(t, err)
	_, _, err = other.Latest()
	require.ErrorIs(t, err, ErrWrongCluster)
}

// A reader is refused the snapshot of the right name and another membership.
func TestOpenRefusesAnotherMeta(t *testing.T) {
	d := openDir(t)
	create(t, d, 100, 3)
	other := meta(100, 3)
	other.Conf.Learners = nil
	_, err := d.OpenReader(other)
	require.ErrorIs(t, err, ErrCorrupt)
	_, _, err = d.OpenRaw(other)
	require.ErrorIs(t, err, ErrCorrupt)
}

func TestACrashLeavesNoHalfSnapshots(t *testing.T) {
	data := t.TempDir()
	d, err := Open(data, cluster)
	require.NoError(t, err)
	create(t, d, 7, 1)
	in, err := d.Receive(meta(8, 1))
	require.NoError(t, err)
	_, err = in.Write([]byte("half"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(d.path, "keep.tmp"), nil, 0o600))
	require.Len(t, files(t, d), 3)

	d, err = Open(data, cluster)
	require.NoError(t, err)
	assert.Equal(t, []string{"0000000000000007-0000000000000001.snap", "keep.tmp"}, files(t, d), "only what is ours goes")
	require.NoError(t, in.f.Close())
}

func TestSnapshotsMayBeMadeAtOnce(t *testing.T) {
	d, from := openDir(t), openDir(t)
	for index := uint64(11); index <= 20; index++ {
		create(t, from, index, 1)
	}
	var wg sync.WaitGroup
	for i := uint64(1); i <= 10; i++ {
		raw := rawBytes(t, from, meta(10+i, 1))
		wg.Go(func() { _, err := d.Create(meta(i, 1), writeState(i)); assert.NoError(t, err) })
		wg.Go(func() { assert.NoError(t, receive(d, meta(10+i, 1), raw)) })
		wg.Go(func() { assert.NoError(t, receive(d, meta(10+i, 1), raw), "the same one twice") })
	}
	wg.Wait()
	assert.Len(t, files(t, d), 20)
	for index := uint64(1); index <= 20; index++ {
		assert.True(t, bytes.Equal(state(index), readState(t, d, meta(index, 1))), fmt.Sprint(index))
	}
}
