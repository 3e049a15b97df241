package snapshot

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"raftkv/raft"
)

// sent is the whole file of a snapshot as another node would send it.
func sent(t *testing.T, m raft.SnapshotMeta) []byte {
	d := openDir(t)
	create(t, d, m.Index, m.Term)
	b, err := os.ReadFile(d.file(m.Index, m.Term))
	require.NoError(t, err)
	return b
}

// suspended is a folder that holds the first n bytes of b.
func suspended(t *testing.T, m raft.SnapshotMeta, b []byte) *Dir {
	d := openDir(t)
	in, err := d.Receive(m)
	require.NoError(t, err)
	_, err = in.Write(b)
	require.NoError(t, err)
	in.Suspend()
	require.NoError(t, in.Abort(), "who suspended it has nothing to abort any more")
	require.EqualValues(t, len(b), d.Held(m))
	return d
}

func TestASuspendedTransferGoesOn(t *testing.T) {
	m := meta(100, 3)
	b := sent(t, m)
	d := suspended(t, m, b[:10])
	assert.Zero(t, d.Held(meta(100, 4)), "another snapshot")
	_, err := d.Resume(m, 9)
	require.ErrorIs(t, err, ErrNotFound, "it holds ten bytes")
	in, err := d.Resume(m, 10)
	require.NoError(t, err)
	assert.Zero(t, d.Held(m), "it is in use")
	_, err = in.Write(b[10:])
	require.NoError(t, err)
	_, err = in.Commit()
	require.NoError(t, err)
	latest, found, err := d.Latest()
	require.NoError(t, err)
	require.True(t, found)
	assert.Equal(t, m, latest.Meta)
	assert.Len(t, files(t, d), 1)
}

// A leader whose file differs, though it is of the same index, costs one try.
func TestASuspendedTransferThatGoesOnWithAnotherFileIsDropped(t *testing.T) {
	m := meta(100, 3)
	b := sent(t, m)
	d := suspended(t, m, make([]byte, 10))
	in, err := d.Resume(m, 10)
	require.NoError(t, err)
	_, err = in.Write(b[10:])
	require.NoError(t, err)
	_, err = in.Commit()
	require.ErrorIs(t, err, ErrCorrupt)
	assert.Zero(t, d.Held(m))
	assert.Empty(t, files(t, d))
}

func TestASuspendedTransferIsForgottenWhenItIsOfNoUse(t *testing.T) {
	m := meta(100, 3)
	for name, end := range map[string]func(d *Dir) error{
		"another begins": func(d *Dir) error {
			in, err := d.Receive(m)
			require.NoError(t, err)
			return in.Abort()
		},
		"another breaks off": func(d *Dir) error {
			in, err := d.Receive(meta(90, 3))
			require.NoError(t, err)
			in.Suspend()
			return d.Retain(1, meta(95, 3))
		},
		"the node is as far": func(d *Dir) error { return d.Retain(1, m) },
	} {
		d := suspended(t, m, make([]byte, 10))
		require.NoError(t, end(d), name)
		assert.Zero(t, d.Held(m), name)
		assert.Empty(t, files(t, d), name)
	}
	d := suspended(t, m, make([]byte, 10))
	require.NoError(t, d.Retain(1, meta(99, 3)))
	assert.EqualValues(t, 10, d.Held(m), "it is newer than what the node has")
}
