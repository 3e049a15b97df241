package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFlagsAreThoseOfTheHarness(t *testing.T) {
	f, err := parse([]string{"serve", "--id=2", "--data-dir=/d", "--peers=1=a:1,2=b:2", "--snapshot-entries=60"})
	require.NoError(t, err)
	require.Equal(t, 2, f.id)
	require.Equal(t, "/d", f.data)
	require.Equal(t, map[int]string{1: "a:1", 2: "b:2"}, f.peers)
	require.EqualValues(t, 60, f.snapshotEntries)
}

// A flag that changed nothing would let a scenario pass that tested nothing.
func TestUnknownFlagsAreRefused(t *testing.T) {
	for _, args := range [][]string{nil, {"serve", "--join=true"}, {"serve", "--id"}, {"serve", "--peers=one=a:1"}} {
		_, err := parse(args)
		require.Error(t, err, "%v", args)
	}
}

func TestPeersAreKnownByNumber(t *testing.T) {
	require.Equal(t, 3, peerNumber(peerHost(3)))
	require.Zero(t, peerNumber("127.0.0.1:2380"))
}
