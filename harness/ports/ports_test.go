package ports_test

import (
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"raftkv/harness/ports"
)

func TestTwoBlocksNeverShareAPort(t *testing.T) {
	seen := map[int]bool{}
	for range 5 {
		b, err := ports.Reserve(40)
		require.NoError(t, err)
		defer func() { assert.NoError(t, b.Release()) }()
		for range 40 {
			p, err := b.Next()
			require.NoError(t, err)
			assert.False(t, seen[p], "port %d given twice", p)
			assert.Less(t, p, 32768)
			seen[p] = true
		}
	}
}

func TestAPortFromABlockCanBeListenedOn(t *testing.T) {
	b, err := ports.Reserve(1)
	require.NoError(t, err)
	addr, err := b.Addr()
	require.NoError(t, err)
	l, err := net.Listen("tcp", addr)
	require.NoError(t, err)
	require.NoError(t, l.Close())
	require.NoError(t, b.Release())
	require.NoError(t, b.Release(), "a second release is harmless")
}

func TestABlockRunsOut(t *testing.T) {
	b, err := ports.Reserve(1)
	require.NoError(t, err)
	defer func() { assert.NoError(t, b.Release()) }()
	for err == nil {
		_, err = b.Next()
	}
	assert.ErrorIs(t, err, ports.ErrNone)
}
