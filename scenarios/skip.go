package scenarios

import (
	"context"

	"raftkv/harness/disk"
	"raftkv/harness/driver"
)

// lacks says why data cannot be on disks of the kind here; nothing if it can. It
// looks before anything is started: a run that is skipped leaves no folder.
func lacks(ctx context.Context, k disk.Kind, o Options) (driverName, why string, err error) {
	if k == disk.Plain {
		return o.Driver, "", nil
	}
	choice := driver.Choice{Driver: o.Driver}
	if o.Why == "" {
		if choice, err = driver.Choose(ctx, o.Driver); err != nil {
			return o.Driver, "", err
		}
	}
	return choice.Driver, driver.Lacks(choice.Driver, k), nil
}

// best is the kind of disks nearest to the wanted one that can be had here. A drawn
// schedule makes do with it: what it cannot have then is left out of the draw.
func best(ctx context.Context, wanted disk.Kind, o Options) (disk.Kind, error) {
	for _, k := range []disk.Kind{wanted, disk.Ext4} {
		if _, why, err := lacks(ctx, k, o); err != nil || why == "" {
			return k, err
		}
	}
	return disk.Plain, nil
}
