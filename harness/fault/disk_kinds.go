package fault

import (
	"context"
	"errors"
	"fmt"

	"raftkv/harness/cluster"
)

// diskKinds are the faults of a node's disk.
func diskKinds() []Kind {
	return []Kind{
		wipeKind(),
		{Name: "power-loss", Family: FamilyDisk, Words: "SIGKILL, and what was not synced is gone from the disk", Aim: AimSome, Harm: HarmDown,
			Needs: []Need{powerNeed()}, Build: onTargets(PowerLoss)},
		{Name: "slow-fsync", Family: FamilyDisk, Words: "every sync takes longer", Aim: AimSome, Harm: HarmNone,
			Needs: []Need{troubleNeed()}, Parameters: []Parameter{{Name: "delay", Words: "of each sync", Default: "200ms", Least: "50ms", Most: "2s"}},
			Build: func(s Spec) (Fault, error) { return SlowSync(duration(s.Parameters["delay"]), s.Targets...), nil }},
		{Name: "fsync-eio", Family: FamilyDisk, Words: "every sync fails with EIO: the node ends, and is started again", Aim: AimSome, Harm: HarmDown,
			Needs: []Need{troubleNeed()}, Build: onTargets(SyncError)},
		{Name: "disk-full", Family: FamilyDisk, Words: "every write fails with ENOSPC: the node ends, and is started again", Aim: AimSome, Harm: HarmDown,
			Needs: []Need{troubleNeed()}, Build: onTargets(DiskFull)},
		{Name: "torn-write", Family: FamilyDisk, Words: "a write reaches the disk by half, and nothing after it", Aim: AimSome, Harm: HarmDown,
			Needs: []Need{fuseNeed()}, Build: onTargets(TornWrite)},
		{Name: "bit-flip", Family: FamilyDisk, Words: "one bit of the log turns while the node is down", Aim: AimOne, Harm: HarmDown,
			Needs: []Need{dataNeed()}, Parameters: []Parameter{{Name: "at", Words: "thousandths of the used pages before it", Default: "500", Least: "0", Most: "999"}},
			Build: func(s Spec) (Fault, error) { return BitFlip(int(number(s.Parameters["at"])), s.Targets[0]), nil }},
	}
}

// powerNeed is a disk of the node's own whose power can be cut.
func powerNeed() Need {
	return Need{Name: "disks whose power can be cut", Probe: func(_ context.Context, c cluster.Cluster) error {
		_, err := disked(c)
		return err
	}}
}

// disked gives the cluster's disks, or says why there are none.
func disked(c cluster.Cluster) (cluster.Disked, error) {
	d, err := reachable(c)
	if err == nil && d.Volume(c.Nodes()[0]) == nil {
		return nil, errors.New("the nodes' data is in plain folders")
	}
	return d, err
}

// reachable gives the cluster's data, wherever it lies.
func reachable(c cluster.Cluster) (cluster.Disked, error) {
	if d, ok := cluster.As[cluster.Disked](c); ok && d.DataDir(c.Nodes()[0]) != "" {
		return d, nil
	}
	return nil, fmt.Errorf("the %s driver keeps data where it cannot be reached", c.Name())
}

// onTargets builds a fault that takes nothing but nodes.
func onTargets(f func(ids ...int) Fault) func(Spec) (Fault, error) {
	return func(s Spec) (Fault, error) { return f(s.Targets...), nil }
}
