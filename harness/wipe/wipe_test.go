package wipe_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"raftkv/harness/wipe"
)

func TestAFolderIsEmptiedAndStays(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "a", "b"), 0o755))
	for _, name := range []string{"log.db", ".hidden", "a/b/c"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600))
	}
	require.ErrorContains(t, wipe.Check(dir), "it still has .hidden and 2 more")
	seen, err := wipe.Folder(dir)
	require.NoError(t, err)
	require.Equal(t, "3 files and folders are gone, and nothing is left", seen)
	require.NoError(t, wipe.Check(dir))

	_, err = wipe.Folder(dir)
	require.ErrorIs(t, err, wipe.ErrEmpty)
	_, err = wipe.Folder(filepath.Join(dir, "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorIs(t, wipe.Check(filepath.Join(dir, "none")), os.ErrNotExist)
}
