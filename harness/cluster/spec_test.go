package cluster

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A program that cannot be asked is an error, and not one that writes no events: its
// run would be judged by half.
func TestWhetherAProgramWritesEvents(t *testing.T) {
	dir := t.TempDir()
	program := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o755))
		return path
	}
	for text, want := range map[string]bool{"echo '  --events=FILE'": true, "echo usage >&2; exit 2": false} {
		writes, err := WritesEvents(t.Context(), program("p", text))
		require.NoError(t, err)
		require.Equal(t, want, writes)
	}
	_, err := WritesEvents(t.Context(), filepath.Join(dir, "gone"))
	require.ErrorIs(t, err, os.ErrNotExist)
}
