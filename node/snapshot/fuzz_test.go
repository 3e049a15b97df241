package snapshot

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzSnapshotFile: a file that holds anything at all is refused by name, and
// so is one whose checksum is right over contents that nobody wrote, unless it
// really is a snapshot. Reading what passes ends without a panic.
func FuzzSnapshotFile(f *testing.F) {
	d := openDir(f)
	whole, err := os.ReadFile(create(f, d, 100, 3).Path)
	require.NoError(f, err)
	f.Add(whole, false)
	f.Add(whole[:len(whole)-int(trailerLen)], true)
	f.Add(whole[:60], true)
	f.Add([]byte(magic), true)
	f.Fuzz(func(t *testing.T, data []byte, sealed bool) {
		d := openDir(t)
		path := d.file(100, 3)
		require.NoError(t, os.WriteFile(path, contents(t, data, sealed), 0o600))
		info, found, err := d.Latest()
		if err != nil {
			refused(t, err)
			return
		}
		require.True(t, found, "a file is never absent")
		require.Equal(t, uint64(100), info.Meta.Index)
		r, err := d.OpenReader(info.Meta)
		if err != nil {
			refused(t, err)
			return
		}
		_, _ = io.Copy(io.Discard, io.LimitReader(r, 1<<24)) // the state may be no zstd
		require.NoError(t, r.Close())
	})
}

// contents puts a good checksum under the data, if it is to be sealed.
func contents(t *testing.T, data []byte, sealed bool) []byte {
	if !sealed {
		return data
	}
	var buf bytes.Buffer
	sum := &summer{w: &buf}
	_, err := sum.Write(data)
	require.NoError(t, err)
	require.NoError(t, sum.writeTrailer())
	return buf.Bytes()
}

func refused(t *testing.T, err error) {
	require.True(t, errors.Is(err, ErrCorrupt) || errors.Is(err, ErrNewerFormat) || errors.Is(err, ErrWrongCluster), "%v", err)
}
