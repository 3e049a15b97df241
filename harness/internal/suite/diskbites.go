package suite

import (
	"testing"

	"github.com/stretchr/testify/require"

	"raftkv/harness/cluster"
)

// diskBites try the faults of disks on nodes as they are shipped, whose data is
// in plain folders: most are skipped there, and say why. On disks that can be
// broken, and in nodes built for it, package scenarios tries them.
func diskBites() []bite {
	return []bite{
		{kind: "power-loss", targets: 1, seen: are(cluster.Exited)},
		{kind: "slow-fsync", targets: 1, seen: notHere},
		{kind: "fsync-eio", targets: 1, seen: notHere},
		{kind: "disk-full", targets: 1, seen: notHere},
		{kind: "torn-write", targets: 1, seen: notHere},
		{kind: "bit-flip", targets: 1, seen: are(cluster.Exited), trace: countStarts, after: restarted},
	}
}

// notHere fails: the fault has nothing to hold on to here.
func notHere(t *testing.T, w *world) {
	require.Fail(t, "it was injected into a plain folder", w.spec.Kind)
}
