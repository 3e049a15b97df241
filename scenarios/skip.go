package scenarios

import (
	"context"

	"raftkv/harness/disk"
	"raftkv/harness/driver"
)

// lacks says why a scenario cannot be run here; nothing if it can. It looks
// before anything is started: a run that is skipped leaves no folder.
func lacks(ctx context.Context, s Scenario, o Options) (driverName, why string, err error) {
	if s.Disks == disk.Plain {
		return o.Driver, "", nil
	}
	choice := driver.Choice{Driver: o.Driver}
	if o.Why == "" {
		if choice, err = driver.Choose(ctx, o.Driver); err != nil {
			return o.Driver, "", err
		}
	}
	return choice.Driver, driver.Lacks(choice.Driver, s.Disks), nil
}
