package fault

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestABitTurnsOnAPageThatIsInUse(t *testing.T) {
	text := make([]byte, 5*pageSize)
	text[pageSize+7], text[3*pageSize+3000] = 'a', 'b'
	require.Equal(t, pageSize+7, pick(text, 0))
	require.Equal(t, pageSize+7, pick(text, 499))
	require.Equal(t, 3*pageSize+3000, pick(text, 500))
	require.Equal(t, 3*pageSize+3000, pick(text, 999))
	require.Equal(t, -1, pick(make([]byte, pageSize), 500))

	path := filepath.Join(t.TempDir(), logFile)
	require.NoError(t, os.WriteFile(path, text, 0o600))
	seen, err := flip(path, 0)
	require.NoError(t, err)
	require.Equal(t, "byte 4103 of log.db was 0x61 and is 0x60", seen)
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	text[pageSize+7] ^= 1
	require.Equal(t, text, got)
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	_, err = flip(path, 0)
	require.ErrorContains(t, err, "empty")
}
