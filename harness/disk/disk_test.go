package disk_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"raftkv/harness/disk"
	"raftkv/harness/owner"
)

// needs skips the test, with the reason, where the volumes cannot be had.
func needs(t *testing.T, k disk.Kind) {
	if err := disk.Available(k); err != nil {
		t.Skip(err)
	}
	t.Setenv("TMPDIR", t.TempDir()) // a home of its own
}

func open(t *testing.T, k disk.Kind, ids ...int) *disk.Set {
	s, err := disk.Open(k, ids)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()); requireUnmounted(t) })
	return s
}

// requireUnmounted looks for what is mounted in this test's temporary folder.
func requireUnmounted(t *testing.T) {
	t.Helper()
	b, err := os.ReadFile("/proc/self/mountinfo")
	require.NoError(t, err)
	require.NotContains(t, string(b), os.TempDir()+"/raftkv-disks")
}

func write(t *testing.T, path, text string, sync bool) {
	f, err := os.Create(path)
	require.NoError(t, err)
	_, err = f.WriteString(text)
	require.NoError(t, err)
	if sync {
		require.NoError(t, f.Sync())
	}
	require.NoError(t, f.Close())
}

func TestAPowerCutLosesWhatWasNotSyncedAndNothingElse(t *testing.T) {
	needs(t, disk.Ext4)
	v := open(t, disk.Ext4, 1).Volume(1)
	require.NoError(t, os.Mkdir(v.Dir(), 0o755))
	kept, lost := filepath.Join(v.Dir(), "kept"), filepath.Join(v.Dir(), "lost")
	for round := range 3 {
		write(t, kept, strings.Repeat("k", 1000+round), true)
		write(t, lost, "l", false)
		require.NoError(t, v.CutPower())
		_, err := os.Create(filepath.Join(v.Dir(), "more"))
		require.Error(t, err)
		seen, err := v.Restore()
		require.NoError(t, err)
		t.Log(seen)
		b, err := os.ReadFile(kept)
		require.NoError(t, err)
		require.Len(t, b, 1000+round)
		require.NoFileExists(t, lost)
	}
}

// commit has a file system write its journal.
func commit(dir string) error {
	f, err := os.Create(filepath.Join(dir, "busy"))
	if err != nil {
		return err
	}
	_, err = f.WriteString("busy")
	return errors.Join(err, f.Sync(), f.Close())
}

// Brutal, seed 657780: a sync of another file, of which each commits the journal, just
// before the power went had the canary longer, and what it said was taken for a fault.
func TestAPowerCutIsProvedWhileTheJournalIsCommitted(t *testing.T) {
	needs(t, disk.Ext4)
	v := open(t, disk.Ext4, 1).Volume(1)
	require.NoError(t, os.Mkdir(v.Dir(), 0o755))
	for range 10 {
		synced, stopped := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(stopped)
			for i := 0; commit(v.Dir()) == nil; i++ {
				if i == 3 {
					close(synced)
				}
			}
		}()
		<-synced
		require.NoError(t, v.CutPower())
		<-stopped
		_, err := v.Restore()
		require.NoError(t, err)
	}
}

// A container that starts has a copy of every mount for a moment.
func TestARestoreWaitsForCopiesInOtherNamespaces(t *testing.T) {
	needs(t, disk.Ext4)
	v := open(t, disk.Ext4, 1).Volume(1)
	other := exec.Command("unshare", "--mount", "--propagation", "private", "sh", "-c", "echo ready; sleep 0.5")
	out, err := other.StdoutPipe()
	require.NoError(t, err)
	if err := other.Start(); err != nil {
		t.Skip(err)
	}
	defer func() { _ = other.Wait() }()
	if _, err := out.Read(make([]byte, 5)); err != nil {
		t.Skip("no mount namespace of its own: ", err)
	}
	require.NoError(t, v.CutPower())
	_, err = v.Restore()
	require.NoError(t, err)
}

// The proof is no proof if it cannot fail.
func TestARestoreWithoutALossIsNotProved(t *testing.T) {
	needs(t, disk.Ext4)
	v := open(t, disk.Ext4, 1).Volume(1)
	canary := filepath.Join(filepath.Dir(v.Dir()), "canary")
	write(t, canary, "never synced\n", true)
	_, err := v.Restore()
	require.ErrorContains(t, err, "never synced")
}

// A disk that did not come back says who held it, and no node is to be started on the
// empty folder in its place: it would have forgotten all it ever promised (brutal,
// seed 236595).
func TestADiskThatDidNotComeBackIsNotReady(t *testing.T) {
	needs(t, disk.Ext4)
	s := open(t, disk.Ext4, 1)
	require.NoError(t, s.Ready(1))
	v := s.Volume(1)
	require.NoError(t, os.Mkdir(v.Dir(), 0o755))
	f, err := os.Create(filepath.Join(v.Dir(), "held"))
	require.NoError(t, err)
	defer f.Close()
	require.NoError(t, v.CutPower())
	_, err = v.Restore()
	require.ErrorContains(t, err, fmt.Sprintf("/proc/%d/fd/", os.Getpid()))
	require.ErrorContains(t, s.Ready(1), "not mounted")
	require.NoError(t, s.Ready(2), "who has no disk of its own needs none")
}

func TestTheVolumesOfADeadRunAreSwept(t *testing.T) {
	needs(t, disk.Ext4)
	left := open(t, disk.Ext4, 1, 2)
	root := filepath.Dir(filepath.Dir(left.Volume(1).Dir()))
	n, err := disk.Sweep()
	require.NoError(t, err)
	require.Zero(t, n, "its owner lives")
	require.FileExists(t, filepath.Join(root, "n1", "canary"))

	b, err := json.Marshal(deadOwner(t))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(root, "owner.json"), b, 0o644))
	n, err = disk.Sweep()
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.NoDirExists(t, root)
	requireUnmounted(t)
}

func deadOwner(t *testing.T) owner.ID {
	cmd := exec.Command("sleep", "300")
	require.NoError(t, cmd.Start())
	id, err := owner.Of(cmd.Process.Pid)
	require.NoError(t, err)
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()
	return id
}

func TestAnUnknownKindIsUnavailable(t *testing.T) {
	require.ErrorIs(t, disk.Available("floppy"), disk.ErrUnavailable)
	require.NoError(t, disk.Available(disk.Plain))
}
