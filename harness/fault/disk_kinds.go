package fault

import (
	"context"
	"errors"
	"fmt"

	"raftkv/harness/cluster"
	"raftkv/harness/disk"
)

// diskKinds are the faults of a node's disk.
func diskKinds() []Kind {
	return []Kind{
		{Name: "power-loss", Family: FamilyDisk, Words: "SIGKILL, and what was not synced is gone from the disk", Aim: AimSome, Harm: HarmDown,
			Needs: []Need{powerNeed()}, Build: onTargets(PowerLoss)},
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
	d, ok := cluster.As[cluster.Disked](c)
	if !ok {
		return nil, fmt.Errorf("the %s driver keeps data where it cannot be broken", c.Name())
	}
	if d.Disks() == disk.Plain {
		return nil, errors.New("the nodes' data is in plain folders")
	}
	return d, nil
}

// onTargets builds a fault that takes nothing but nodes.
func onTargets(f func(ids ...int) Fault) func(Spec) (Fault, error) {
	return func(s Spec) (Fault, error) { return f(s.Targets...), nil }
}
