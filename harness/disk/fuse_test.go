package disk_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftkv/harness/disk"
)

// troubled gives a FUSE volume with a data folder.
func troubled(t *testing.T) disk.Troubled {
	needs(t, disk.Fuse)
	v := open(t, disk.Fuse, 1).Volume(1).(disk.Troubled)
	require.NoError(t, os.Mkdir(v.Dir(), 0o755))
	return v
}

func TestAFuseVolumeIsAFileSystem(t *testing.T) {
	v := troubled(t)
	a, b := filepath.Join(v.Dir(), "a"), filepath.Join(v.Dir(), "b")
	write(t, a, "text", true)
	require.NoError(t, os.Rename(a, b))
	require.NoError(t, os.Link(b, a))
	require.NoError(t, os.Remove(b))
	d, err := os.Open(v.Dir())
	require.NoError(t, err)
	require.NoError(t, d.Sync(), "folders can be synced")
	require.NoError(t, d.Close())
	got, err := os.ReadFile(filepath.Join(v.Behind(), "a"))
	require.NoError(t, err)
	require.Equal(t, "text", string(got))
	p := v.Probe()
	require.NoError(t, p.WriteErr)
	require.NoError(t, p.SyncErr)
	require.Zero(t, v.Hits().Calls)
}

func TestAFuseVolumeLosesItsPower(t *testing.T) {
	v := troubled(t)
	for range 5 { // word of a close may come too late for the unmount
		write(t, filepath.Join(v.Dir(), "kept"), "k", true)
		write(t, filepath.Join(v.Dir(), "lost"), "l", false)
		require.NoError(t, v.CutPower())
		require.ErrorIs(t, v.Probe().WriteErr, syscall.EIO)
		_, err := v.Restore()
		require.NoError(t, err)
		require.FileExists(t, filepath.Join(v.Dir(), "kept"))
		require.NoFileExists(t, filepath.Join(v.Dir(), "lost"))
	}
}

func TestSyncsAreSlow(t *testing.T) {
	v := troubled(t)
	v.Make(disk.Trouble{SyncDelay: 100 * time.Millisecond})
	require.GreaterOrEqual(t, v.Probe().Sync, 100*time.Millisecond)
	require.Zero(t, v.Hits().Calls, "a probe does not count")
	write(t, filepath.Join(v.Dir(), "a"), "x", true)
	require.Equal(t, 1, v.Hits().Calls)
	require.Equal(t, "sync of data/a took 100ms longer", v.Hits().Last)
}

func TestWritesAndSyncsFail(t *testing.T) {
	v := troubled(t)
	v.Make(disk.Trouble{SyncError: syscall.EIO})
	p := v.Probe()
	require.NoError(t, p.WriteErr)
	require.ErrorIs(t, p.SyncErr, syscall.EIO)
	d, err := os.Open(v.Dir())
	require.NoError(t, err)
	require.ErrorIs(t, d.Sync(), syscall.EIO, "folders too")
	require.NoError(t, d.Close())
	v.Make(disk.Trouble{WriteError: syscall.ENOSPC})
	p = v.Probe()
	require.ErrorIs(t, p.WriteErr, syscall.ENOSPC)
	require.NoError(t, p.SyncErr)
	_, err = os.Create(filepath.Join(v.Dir(), "new"))
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.Equal(t, "create of data/new gave ENOSPC", v.Hits().Last)
	v.Make(disk.Trouble{})
	write(t, filepath.Join(v.Dir(), "new"), "x", true)
}

func TestOneWriteIsTornAndThenTheDiskIsDead(t *testing.T) {
	v := troubled(t)
	path := filepath.Join(v.Dir(), "file")
	write(t, path, strings.Repeat("a", 4096), true)
	v.Make(disk.Trouble{Tear: true})
	require.NoError(t, v.Probe().WriteErr, "a probe tears nothing")
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = f.WriteString(strings.Repeat("b", 4096))
	require.ErrorIs(t, err, syscall.EIO)
	require.ErrorIs(t, f.Sync(), syscall.EIO)
	_ = f.Close()
	require.ErrorIs(t, v.Probe().WriteErr, syscall.EIO)
	v.Make(disk.Trouble{})
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, strings.Repeat("b", 2048)+strings.Repeat("a", 2048), string(got))
}
