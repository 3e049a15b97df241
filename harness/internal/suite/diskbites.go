package suite

import "raftkv/harness/cluster"

// diskBites try the faults of disks on nodes as they are shipped, whose data is
// in plain folders: they are skipped there, and say why. On disks that can be
// broken package scenarios tries them.
func diskBites() []bite {
	return []bite{
		{kind: "power-loss", targets: 1, seen: are(cluster.Exited)},
	}
}
