package disk_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
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

// A program that is stopped while its sync takes long, and goes on, gets no error: a
// disk has none for that (brutal, seed 236601).
func TestASlowSyncOutlastsAStop(t *testing.T) {
	v := troubled(t)
	path := filepath.Join(v.Dir(), "a")
	write(t, path, "x", false)
	v.Make(disk.Trouble{SyncDelay: 700 * time.Millisecond})
	cmd := exec.Command("sync", "-d", path)
	var said bytes.Buffer
	cmd.Stderr = &said
	require.NoError(t, cmd.Start())
	require.Eventually(t, func() bool { return v.Hits().Calls > 0 }, 10*time.Second, time.Millisecond)
	require.NoError(t, cmd.Process.Signal(syscall.SIGSTOP))
	require.NoError(t, cmd.Process.Signal(syscall.SIGCONT))
	require.NoError(t, cmd.Wait(), said.String())
}

// A program that this one starts holds no file of a volume, whatever others do on it
// at the time: its power could not be restored (brutal, seed 236595).
func TestAStartedProgramHoldsNoFileOfAVolume(t *testing.T) {
	v := troubled(t)
	path := filepath.Join(v.Dir(), "a")
	write(t, path, "x", true)
	stop := make(chan struct{})
	var busy sync.WaitGroup
	for range 4 {
		busy.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					if f, err := os.OpenFile(path, os.O_RDWR, 0); err == nil {
						_ = f.Close() // which flushes it
					}
				}
			}
		})
	}
	for range 500 {
		cmd := exec.Command("sleep", "30")
		require.NoError(t, cmd.Start())
		held, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", cmd.Process.Pid))
		require.NoError(t, err)
		for _, fd := range held {
			to, _ := os.Readlink(fd)
			assert.NotContains(t, to, "raftkv-disks", "it inherited %s", fd)
		}
		require.NoError(t, cmd.Process.Kill())
		_ = cmd.Wait() // it was killed
	}
	close(stop)
	busy.Wait()
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
