package snapshot

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"raftkv/raft"
)

// requireRefused puts b in the newest snapshot's place and requires that every
// way to it refuses it and leaves it as it is.
func requireRefused(t *testing.T, d *Dir, path string, b []byte, want error, what string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, b, 0o600))
	_, _, err := d.Latest()
	require.ErrorIs(t, err, want, what)
	_, err = d.OpenReader(meta(100, 3))
	require.ErrorIs(t, err, want, what)
	_, _, err = d.OpenRaw(meta(100, 3))
	require.ErrorIs(t, err, want, what)
	require.NotContains(t, err.Error(), "\n")
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	require.True(t, bytes.Equal(b, after))

	other := openDir(t)
	require.ErrorIs(t, receive(other, meta(100, 3), b), want, what)
	require.Empty(t, files(t, other))
}

func TestADamagedSnapshotIsNeverAbsentNorPassedOver(t *testing.T) {
	d := openDir(t)
	create(t, d, 50, 3) // an older one, intact, to be tempted by
	info := create(t, d, 100, 3)
	whole, err := os.ReadFile(info.Path)
	require.NoError(t, err)
	step := func(n int) int { // every byte of the ends, samples of the middle
		if n < 200 || n > len(whole)-40 {
			return 1
		}
		return 37
	}
	for n := 0; n < len(whole); n += step(n) {
		requireRefused(t, d, info.Path, whole[:n], ErrCorrupt, "torn")
	}
	for i := 0; i < len(whole); i += step(i) {
		damaged := bytes.Clone(whole)
		damaged[i] ^= 1 << (i % 8)
		requireRefused(t, d, info.Path, damaged, ErrCorrupt, "flipped")
	}
	requireRefused(t, d, info.Path, append(bytes.Clone(whole), 0), ErrCorrupt, "longer")
	requireRefused(t, d, info.Path, make([]byte, len(whole)), ErrCorrupt, "zeroed")
}

// sealed ends contents as a file must end.
func sealed(t *testing.T, contents []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	sum := &summer{w: &b}
	_, err := sum.Write(contents)
	require.NoError(t, err)
	require.NoError(t, sum.writeTrailer())
	return b.Bytes()
}

func TestIntactFilesThatAreNotTheSnapshot(t *testing.T) {
	d := openDir(t)
	info := create(t, d, 100, 3)
	whole, err := os.ReadFile(info.Path)
	require.NoError(t, err)
	contents := whole[:len(whole)-trailerLen]
	change := func(f func(b []byte)) []byte {
		b := bytes.Clone(contents)
		f(b)
		return sealed(t, b)
	}
	newer := change(func(b []byte) { binary.BigEndian.PutUint32(b[len(magic):], formatVersion+1) })
	requireRefused(t, d, info.Path, newer, ErrNewerFormat, "newer")
	requireRefused(t, d, info.Path, change(func(b []byte) { b[0] = 'X' }), ErrCorrupt, "magic")
	requireRefused(t, d, info.Path, change(func(b []byte) { b[prefixLen] = '!' }), ErrCorrupt, "header no JSON")
	for _, n := range []uint32{uint32(len(contents)), maxHeader + 1} {
		long := change(func(b []byte) { binary.BigEndian.PutUint32(b[len(magic)+4:], n) })
		requireRefused(t, d, info.Path, long, ErrCorrupt, "header too long")
	}
	requireRefused(t, d, info.Path, sealed(t, nil), ErrCorrupt, "nothing")

	another := create(t, openDir(t), 101, 3)
	b, err := os.ReadFile(another.Path)
	require.NoError(t, err)
	requireRefused(t, d, info.Path, b, ErrCorrupt, "another's file")
}

// watchedDisk notes what happens in which order and fails on demand.
type watchedDisk struct {
	osDisk
	steps []string
	fail  string
}

var errDisk = errors.New("disk failed")

func (w *watchedDisk) step(name string) error {
	w.steps = append(w.steps, name)
	if name == w.fail {
		return errDisk
	}
	return nil
}

func (w *watchedDisk) sync(f *os.File) error {
	return errors.Join(w.step("sync file"), w.osDisk.sync(f))
}

func (w *watchedDisk) rename(from, to string) error {
	if err := w.step("rename"); err != nil {
		return err
	}
	return w.osDisk.rename(from, to)
}

func (w *watchedDisk) syncDir(path string) error {
	return errors.Join(w.step("sync folder"), w.osDisk.syncDir(path))
}

func TestContentsThenNameThenFolder(t *testing.T) {
	from := openDir(t)
	create(t, from, 100, 3)
	raw := rawBytes(t, from, meta(100, 3))
	makers := map[string]func(*Dir) error{
		"create":  func(d *Dir) error { _, err := d.Create(meta(100, 3), writeState(100)); return err },
		"receive": func(d *Dir) error { return receive(d, meta(100, 3), raw) },
	}
	order := []string{"sync file", "rename", "sync folder"}
	for name, makeOne := range makers {
		t.Run(name, func(t *testing.T) {
			d, w := openDir(t), &watchedDisk{}
			d.disk = w
			require.NoError(t, makeOne(d))
			assert.Equal(t, order, w.steps)
			for i, fail := range order {
				d, w := openDir(t), &watchedDisk{fail: fail}
				d.disk = w
				require.ErrorIs(t, makeOne(d), errDisk)
				assert.Equal(t, order[:i+1], w.steps, "nothing comes after a failure")
				if fail != "sync folder" {
					assert.Empty(t, files(t, d))
				}
			}
		})
	}
}

func TestAFailedWriterLeavesNothing(t *testing.T) {
	d := openDir(t)
	create(t, d, 100, 3)
	_, err := d.Create(meta(101, 3), func(w io.Writer) error {
		_, _ = w.Write(make([]byte, 10<<20))
		return errDisk
	})
	require.ErrorIs(t, err, errDisk)
	assert.Len(t, files(t, d), 1)
	latest, _, err := d.Latest()
	require.NoError(t, err)
	assert.Equal(t, meta(100, 3), latest.Meta)
}

func TestAFullDiskIsReported(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("no /dev/full here")
	}
	defer func() { require.NoError(t, full.Close()) }()
	require.Error(t, Write(full, "test", raft.SnapshotMeta{Index: 1}, writeState(1)))
}
